-- expect: public.ledger high
-- expect: public.tickets critical
create table public.organizations (id uuid primary key, name text not null);
create table public.tickets (id uuid primary key, organization_id uuid not null, open boolean);
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
grant trigger on public.tickets to :app;
grant trigger on public.ledger to public;
create function public.close_ticket(ticket uuid) returns void language sql security definer
    set search_path = pg_catalog, pg_temp
    as $$ update public.tickets set open = false where id = ticket $$;
