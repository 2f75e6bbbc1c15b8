-- expect: public.events_id_seq medium
-- expect: public.invoice_number medium
-- expect: public.notes_id_seq medium
create table public.organizations (id uuid primary key, name text);
create table public.notes (id bigserial primary key, organization_id uuid not null);
create table public.events (id bigint generated always as identity primary key, organization_id uuid not null);
create sequence public.invoice_number;
create table public.invoices (organization_id uuid not null, number text default 'INV-' || nextval('public.invoice_number'));
grant usage, select on all sequences in schema public to :app;
revoke select on public.notes_id_seq from :app;
grant :other to :app;
grant select on public.notes_id_seq to :other;
