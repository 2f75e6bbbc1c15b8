create table public.organizations (id uuid primary key, name text);
create table public.customers (id int primary key, organization_id uuid not null);
create policy customers_own on public.customers using (organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
-- varchar to text is no conversion.
create table public.notes (id int primary key, organization_id varchar(36) not null);
create policy notes_own on public.notes using (organization_id = current_setting('app.current_organization_id', true));
-- An index on the expression.
create table public.files (id int primary key, organization_id uuid not null);
create policy files_own on public.files using (organization_id::text = current_setting('app.current_organization_id', true));
create index on public.files ((organization_id::text));
-- Only new rows are checked this way, one at a time.
create table public.events (id int primary key, organization_id uuid not null);
create policy events_add on public.events for insert with check (organization_id::text = current_setting('app.current_organization_id', true));
-- Another column.
create table public.links (id int primary key, organization_id uuid not null, kind int);
create policy links_own on public.links using (organization_id = current_setting('app.current_organization_id', true)::uuid and kind::text <> 'x' and abs(kind) < 9);
