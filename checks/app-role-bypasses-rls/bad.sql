-- expect: :app critical
create table public.organizations (id uuid primary key, name text not null);
alter role :app bypassrls;
