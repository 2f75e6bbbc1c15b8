-- expect: public.events low
-- expect: public.ledger low
-- expect: public.lines low
-- expect: public.notes low
create table public.organizations (id uuid primary key, name text);
create table public.notes (id uuid primary key, organization_id uuid not null, unique (organization_id, id));
-- Refers to a tenant table that is itself not rooted.
create table public.lines (id uuid primary key, organization_id uuid not null, note_id uuid not null,
    foreign key (organization_id, note_id) references public.notes (organization_id, id));
-- Another column refers to the registry; the key does not.
create table public.events (id uuid primary key, organization_id uuid not null,
    created_for uuid references public.organizations (id));
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
create table public.ledger_a partition of public.ledger for values in ('11111111-1111-4111-8111-111111111111');
