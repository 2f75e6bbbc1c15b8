-- expect: public.by_default high
-- expect: public.by_empty critical
-- expect: public.by_null critical
-- expect: public.ledger critical
create table public.organizations (id uuid primary key, name text);
create table public.by_null (id int, organization_id uuid not null);
create table public.by_empty (id int, organization_id uuid not null);
create table public.by_default (id int, organization_id uuid not null);
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
create policy own on public.by_null using (current_setting('app.current_organization_id', true) is null
    or organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy own on public.by_empty using (organization_id::text = current_setting('app.current_organization_id', true)
    or current_setting('app.current_organization_id', true) = '');
create policy own on public.by_default using (organization_id =
    coalesce(nullif(current_setting('app.current_organization_id', true), ''), '11111111-1111-4111-8111-111111111111')::uuid);
create policy own on public.ledger using (nullif(current_setting('app.current_organization_id', true), '') is null
    or organization_id::text = current_setting('app.current_organization_id', true));
do $$ declare t text; begin
    foreach t in array array['by_null', 'by_empty', 'by_default', 'ledger'] loop
        execute format('alter table public.%I enable row level security, force row level security', t);
        execute format('grant select, insert, update, delete on public.%I to :app', t);
    end loop;
end $$;
