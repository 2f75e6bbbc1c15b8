-- expect: public.drafts low
-- expect: public.ledger low
-- expect: public.notes low
-- config: [tables.key]
-- config: "public.drafts" = "Owner Org"
create table public.organizations (id uuid primary key, name text not null);
create table public.notes (id uuid primary key, organization_id uuid, body text not null);
create table public.drafts (id uuid primary key, "Owner Org" uuid references public.organizations (id));
-- A partitioned table is named, its partition is not.
create table public.ledger (id int, organization_id uuid) partition by list (organization_id);
create table public.ledger_a partition of public.ledger for values in ('11111111-1111-4111-8111-111111111111');
-- A check that says something else, or has not been validated, is no proof.
alter table public.notes add check (organization_id is not null or body <> '');
alter table public.notes add constraint not_yet check (organization_id is not null) not valid;
