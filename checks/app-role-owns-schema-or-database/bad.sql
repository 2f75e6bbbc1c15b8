-- expect: :app critical
-- config: schemas = ["shop"]
create table public.organizations (id uuid primary key, name text not null);
-- Not its own: it is only a member of the role that owns the schema.
create schema shop authorization :owner;
create table shop.orders (id uuid primary key, organization_id uuid not null);
grant :owner to :app;
