-- expect: public.drafts low
-- expect: public.forced low
-- expect: public.guarded low
-- expect: public.invoices low
-- expect: public.internal info
-- expect: public.ledger low
create table public.organizations (id uuid primary key, name text);
create table public.invoices (id int primary key, organization_id uuid not null);
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
-- Only a restrictive policy; only one for a role that it is not a member of; only one for a group it cannot inherit from.
create table public.guarded (id int primary key, organization_id uuid not null);
create policy guard on public.guarded as restrictive using (true);
create table public.drafts (id int primary key, organization_id uuid not null);
create policy others on public.drafts to :other using (true);
create table public.forced (id int primary key, organization_id uuid not null);
-- Nothing granted: denied twice.
create table public.internal (id int primary key, organization_id uuid not null);
do $$ declare t text; begin
    foreach t in array array['invoices', 'ledger', 'guarded', 'drafts', 'internal', 'forced'] loop
        execute format('alter table public.%I enable row level security', t);
    end loop;
end $$;
alter table public.forced force row level security, owner to :app;
grant select on public.ledger, public.guarded, public.drafts to :app;
grant delete on public.invoices to :app;
