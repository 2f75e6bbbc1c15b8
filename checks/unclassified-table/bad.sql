-- expect: public.countries low
-- expect: public.feed critical
-- expect: public.history critical
-- expect: public.payments critical
-- expect: public.queue medium
create table public.organizations (id uuid primary key, name text);
create table public.invoices (id uuid primary key, organization_id uuid not null references public.organizations (id));
-- A child without the key, a key by another name, a trigger's copy, a schema nobody listed, a common table.
create table public.payments (id int primary key, invoice_id uuid references public.invoices (id));
create table public.feed (id int primary key, actor uuid references public.organizations (id), message text);
create table public.history (id bigserial primary key, what jsonb);
create function public.remember() returns trigger language plpgsql as $$ begin insert into public.history (what) values (to_jsonb(old)); return new; end $$;
create trigger remember after update on public.invoices for each row execute function public.remember();
create schema reporting;
create table reporting.revenue (organization_id uuid, cents bigint) partition by list (organization_id);
create table public.queue (id int primary key, payload text);
create table public.countries (code text primary key);
alter table public.invoices add country text references public.countries (code);
grant usage on schema reporting to :app;
grant select on public.payments, public.feed, public.history, reporting.revenue, public.countries to :app;
grant select, insert, delete on public.queue to :app;
