-- expect: public.ledger low
-- expect: public.tickets high
create table public.organizations (id uuid primary key, name text);
create table public.tickets (organization_id uuid not null default nullif(current_setting('app.inbox', true), '')::uuid, subject text);
create table public.ledger (id int, organization_id uuid not null default current_setting('app.current_organization')::uuid) partition by list (organization_id);
create table public.ledger_a partition of public.ledger for values in ('11111111-1111-4111-8111-111111111111');
create function public.file_ticket(s text) returns void language sql security definer set search_path = pg_catalog, pg_temp
    as $$ insert into public.tickets (subject) values (s) $$;
