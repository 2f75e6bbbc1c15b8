create table public.organizations (id uuid primary key, name text);
create table public.notes (id bigserial primary key, organization_id uuid not null);
grant usage, update on all sequences in schema public to :app;
grant select on public.notes_id_seq to :other;
-- Nothing of a tenant hangs on these.
create table public.jobs (id bigserial primary key, what text);
create sequence public.ticket_number;
grant select on public.jobs_id_seq, public.ticket_number to :app;
-- Readable, but in a schema it may not enter.
create schema back_office;
create sequence back_office.numbers;
alter table public.notes alter column id set default nextval('back_office.numbers');
grant select on back_office.numbers to :app;
