create table public.organizations (id uuid primary key, name text);
create table public.blobs (id int, organization_id uuid not null, content bytea, kind regclass);
create table public.catalogue (id int, content oid);
do $$ declare l oid := lo_from_bytea(0, 'everybody''s'); begin execute format('grant select on large object %s to public', l); end $$;
