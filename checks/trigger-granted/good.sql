create table public.organizations (id uuid primary key, name text not null);
create table public.tickets (id uuid primary key, organization_id uuid not null, open boolean);
grant select, insert, update, delete on public.tickets to :app;
grant trigger on public.tickets to :other;
create table public.scratch (id int);
grant trigger on public.scratch to :app;
create function public.close_ticket(ticket uuid) returns void language sql security definer
    set search_path = pg_catalog, pg_temp
    as $$ update public.tickets set open = false where id = ticket $$;
