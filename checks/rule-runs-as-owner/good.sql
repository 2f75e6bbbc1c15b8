create table public.organizations (id uuid primary key, name text);
create table public.notes (id int, organization_id uuid not null);
alter table public.notes enable row level security, force row level security;
create policy own on public.notes using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
grant all on public.notes to :other;
-- Its owner is bound by the policies; or the application has no right to the command that fires it.
create table public.inbox (id int, organization_id uuid);
create rule redirect as on insert to public.inbox do instead insert into public.notes values (new.id, new.organization_id);
alter table public.inbox owner to :other;
create table public.outbox (id int);
create rule clear as on delete to public.outbox do also delete from public.notes where id = old.id;
create table public.log (id int);
create table public.events (id int);
create rule log as on insert to public.events do also insert into public.log values (new.id);
grant insert on public.inbox, public.outbox, public.events to :app;
