-- expect: public.bell high
-- expect: public.inbox high
-- expect: public.outbox high
create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null);
alter table public.notes enable row level security, force row level security;
create policy own on public.notes using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create table public.inbox (id int, organization_id uuid);
create rule redirect as on insert to public.inbox do instead insert into public.notes values (new.id, new.organization_id);
create view public.outbox as select 1 as id;
create rule clear as on delete to public.outbox do instead delete from public.notes;
grant insert on public.inbox to :app;
grant delete on public.outbox to public;
create table public.bell (id int);
create rule answer as on insert to public.bell do also select * from public.notes;
grant insert on public.bell to :app;
