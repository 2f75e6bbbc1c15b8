-- expect: public.files critical
-- expect: public.ledger critical
-- expect: public.notes critical
-- expect: public.tickets critical
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null);
create table public.files (id int, organization_id uuid not null);
create table public.tickets (id int, organization_id uuid not null);
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
do $$ declare t text; begin
    foreach t in array array['notes', 'files', 'tickets', 'ledger'] loop
        execute format('alter table public.%I enable row level security, force row level security', t);
        execute format('create policy own on public.%I using (organization_id = nullif(current_setting(''app.current_organization_id'', true), '''')::uuid)', t);
        execute format('grant select, insert, update, delete on public.%I to :app', t);
    end loop;
end $$;
create policy support on public.notes for select using (true);

-- To a group that the application inherits from.
create policy support on public.tickets to :other using (true);
grant :other to :app;
-- A restrictive policy is there, but for another role, or for another command.
create policy support on public.files using (true);
create policy guard on public.files as restrictive to :admin using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy everything on public.ledger using (true);
create policy guard on public.ledger as restrictive for insert with check (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
