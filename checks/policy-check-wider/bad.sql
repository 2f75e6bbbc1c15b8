-- expect: public.customers high
-- expect: public.ledger high
-- expect: public.media high
-- expect: public.messages high
-- expect: public.notes high
-- config: [tables.via]
-- config: "public.messages" = "note_id -> public.notes.id"
create table public.organizations (id uuid primary key, name text);
create table public.customers (id int, organization_id uuid not null);
create table public.media (id int, organization_id uuid not null);
create table public.notes (id int primary key, organization_id uuid not null);
create table public.messages (id int, note_id int references public.notes (id));
create table public.ledger (id int, organization_id uuid not null) partition by list (organization_id);
create policy own on public.customers using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid) with check (true);
create policy own on public.media using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy anybody_adds on public.media for insert with check (id is not null);
create policy own_read on public.notes for select using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy own_change on public.notes for update using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid) with check (organization_id is not null);
-- A child: the parent exists, which the foreign key says anyway.
create policy own_read on public.messages for select using (exists (select from public.notes n where n.id = messages.note_id
    and n.organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid));
create policy anybody_adds on public.messages for insert with check (true);
-- The guard is for reading only.
create policy own on public.ledger using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid) with check (true);
create policy guard on public.ledger as restrictive for select using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
do $$ declare t text; begin
    foreach t in array array['customers', 'media', 'notes', 'messages', 'ledger'] loop
        execute format('alter table public.%I enable row level security, force row level security', t);
        execute format('grant select, insert, update, delete on public.%I to :app', t);
    end loop;
end $$;
