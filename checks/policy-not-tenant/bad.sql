-- expect: public.agents high
-- expect: public.inverted critical
-- expect: public.ledger high
-- expect: public.messages critical
-- expect: public.pages high
-- config: [tables.via]
-- config: "public.messages" = "page_id -> public.pages_of.id"
create table public.organizations (id uuid primary key, name text);
create table public.pages (id int, organization_id uuid not null, status text);
create table public.pages_of (id int primary key, organization_id uuid not null);
create table public.agents (id int, organization_id uuid not null, provisioned_by uuid not null);
create table public.inverted (id int, organization_id uuid not null);
create table public.messages (id int, page_id int references public.pages_of (id));
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
do $$ declare t text; begin
    foreach t in array array['pages', 'pages_of', 'agents', 'inverted', 'messages', 'ledger'] loop
        execute format('alter table public.%I enable row level security, force row level security', t);
        execute format('grant select, insert, update, delete on public.%I to :app', t);
    end loop;
end $$;
create policy own on public.pages_of using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
-- AND binds tighter than OR.
create policy own on public.pages using (status = 'archived' or status <> 'archived' and organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
-- Another column; the wrong operator; a condition on the row only.
create policy own on public.agents using (provisioned_by = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy own on public.inverted using (organization_id <> nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy own on public.ledger using (id > 0);
-- A parent must exist, whoever's it is: the column is compared with itself.
create policy own on public.messages using (exists (select from public.pages_of p where p.id = p.id));
