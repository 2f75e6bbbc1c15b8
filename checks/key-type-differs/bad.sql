-- expect: public.events low
-- expect: public.ledger low
create domain public.org_text as text;
create table public.organizations (id uuid primary key, name text);
create table public.events (id int primary key, organization_id public.org_text not null);
create table public.ledger (id int, organization_id varchar(36) not null) partition by list (organization_id);
create table public.ledger_a partition of public.ledger for values in ('11111111-1111-4111-8111-111111111111');
