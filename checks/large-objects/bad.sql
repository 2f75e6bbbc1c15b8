-- expect: public.blobs critical
-- expect: public.scans critical
create domain public.lo as oid;
create table public.organizations (id uuid primary key, name text);
create table public.blobs (id int, organization_id uuid not null, content oid);
create table public.scans (id int, organization_id uuid not null, page public.lo) partition by list (organization_id);
do $$ declare l oid := lo_from_bytea(0, 'secret'); begin execute format('grant select on large object %s to :other', l); end $$;
grant :other to :app;
