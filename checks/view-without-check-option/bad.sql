-- expect: public.own_notes high
-- expect: public.nested high
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null, body text);
alter table public.notes enable row level security, force row level security;
create view public.own_notes with (security_barrier) as
    select organization_id, body from public.notes
    where organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid;
-- LOCAL asks nothing of the view below.
create view public.nested with (security_barrier, check_option = local) as select * from public.own_notes;
grant select, insert on public.own_notes to :app;
grant update on public.nested to :app;
