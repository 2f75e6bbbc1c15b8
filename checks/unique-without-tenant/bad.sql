-- expect: public.booked medium
-- expect: public.codes low
-- expect: public.customers medium
-- expect: public.events info
-- expect: public.ledger medium
-- expect: public.lines medium
-- expect: public.members low
-- expect: public.notes info
-- expect: public.readonly low
-- config: [tables.via]
-- config: "public.lines" = "note_id -> public.notes.id"
create table public.organizations (id uuid primary key, slug text unique);
create table public.customers (id uuid primary key default gen_random_uuid(), organization_id uuid not null, email text);
create unique index on public.customers (lower(email));
-- A partitioned table has its constraint once, not once a partition; the key is only carried along.
create table public.ledger (number int not null, organization_id uuid not null) partition by list (number);
create unique index on public.ledger (number) include (organization_id);
create table public.ledger_a partition of public.ledger for values in (1);
create table public.notes (id bigserial primary key, organization_id uuid not null);
create table public.events (id bigint generated always as identity primary key, organization_id uuid not null);
-- Unique for the application as a whole, although the table follows its parent.
create table public.lines (id uuid primary key, note_id bigint not null references public.notes (id), barcode text unique);
create table public.booked (id uuid primary key, organization_id uuid not null, room text, during tsrange,
    exclude using gist (during with &&));
-- A uuid that comes from elsewhere, and one with something to it.
create table public.codes (id uuid primary key, organization_id uuid not null, external_id uuid unique);
create table public.members (organization_id uuid not null, user_id uuid not null, place int, unique (user_id, place));
-- Nobody but the importer writes here.
create table public.readonly (id uuid primary key, organization_id uuid not null, isbn text unique);
grant select, insert, update, delete on all tables in schema public to :app;
revoke insert, update on public.readonly from :app;
