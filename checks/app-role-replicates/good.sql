create table public.organizations (id uuid primary key, name text not null);
alter role :other replication login;
alter role :app connection limit 50;
