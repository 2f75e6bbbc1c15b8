-- config: [tables.via]
-- config: "public.messages" = "page_id -> public.pages.id"
create table public.organizations (id uuid primary key, name text);
create table public.pages (id int primary key, organization_id uuid not null, status text);
create table public.files (id int, organization_id uuid not null);
create table public.texts (id int, organization_id uuid not null);
create table public.called (id int, organization_id uuid not null);
create table public.messages (id int, page_id int references public.pages (id));
do $$ declare t text; begin
    foreach t in array array['pages', 'files', 'texts', 'called', 'messages'] loop
        execute format('alter table public.%I enable row level security, force row level security', t);
        execute format('grant select, insert, update, delete on public.%I to :app', t);
    end loop;
end $$;
create policy live on public.pages using (status = 'live' and organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid);
create policy drafts on public.pages using (nullif(current_setting('app.current_organization_id', true), '')::uuid = organization_id and status <> 'live');
-- A wide permissive one under a restrictive one that pins.
create policy wide on public.files using (id > 0);
create policy guard on public.files as restrictive using (organization_id = (select current_setting('app.current_organization_id')::uuid));
create policy own on public.texts using (organization_id::text = current_setting('app.current_organization_id', true));
create function public.current_org() returns uuid language sql stable as $$ select nullif(current_setting('app.current_organization_id', true), '')::uuid $$;
create policy own on public.called using (organization_id = public.current_org());
create policy own on public.messages using (exists (select from public.pages p where p.id = messages.page_id
    and p.organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid));
