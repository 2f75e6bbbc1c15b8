-- config: [tables.via]
-- config: "public.note_lines" = "note_id -> public.notes.id"
create table public.organizations (id uuid primary key, name text);
create table public.notes (id uuid primary key, organization_id uuid not null references public.organizations (id),
    unique (id, organization_id));
-- Rooted through its parent, with the key in the second place.
create table public.comments (id uuid primary key, note_id uuid not null, organization_id uuid not null,
    foreign key (note_id, organization_id) references public.notes (id, organization_id));
create table public.ledger (id int, organization_id uuid not null references public.organizations (id))
    partition by list (organization_id);
create table public.ledger_a partition of public.ledger for values in ('11111111-1111-4111-8111-111111111111');
create table public.note_lines (id uuid primary key, note_id uuid not null references public.notes (id));
create table public.log (id int, message text);
create schema elsewhere;
create table elsewhere.notes (id uuid primary key, organization_id uuid);
