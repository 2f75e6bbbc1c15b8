-- expect: public.customers info
-- expect: public.folded info
-- expect: public.ledger info
create table public.organizations (id uuid primary key, name text);
create table public.customers (id int primary key, organization_id uuid not null);
create policy customers_own on public.customers using (organization_id::text = current_setting('app.current_organization_id', true));
create index on public.customers (organization_id);
create table public.folded (id int primary key, organization_id text not null);
create policy folded_own on public.folded using (lower(organization_id) = lower(current_setting('app.current_organization_id', true)));
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
create policy ledger_own on public.ledger for select using (current_setting('app.current_organization_id', true) = cast(ledger.organization_id as text));
