-- CREATEDB, groups that hold nothing, defaults and a BYPASSRLS role nearby

CREATE ROLE c_clean_harmless_role_extras_dba NOLOGIN BYPASSRLS;
CREATE ROLE c_clean_harmless_role_extras_owner NOLOGIN;
CREATE ROLE c_clean_harmless_role_extras_team NOLOGIN CREATEDB;
CREATE ROLE c_clean_harmless_role_extras_oncall NOLOGIN;
CREATE ROLE c_clean_harmless_role_extras LOGIN NOINHERIT CREATEDB CONNECTION LIMIT 60 VALID UNTIL '2099-01-01' PASSWORD 'c_clean_harmless_role_extras';
-- Down: the login is in the team, the team in the on-call group. Up: the DBA may become the login.
GRANT c_clean_harmless_role_extras_oncall TO c_clean_harmless_role_extras_team;
GRANT c_clean_harmless_role_extras_team TO c_clean_harmless_role_extras;
GRANT c_clean_harmless_role_extras TO c_clean_harmless_role_extras_dba;
GRANT c_clean_harmless_role_extras_owner TO c_clean_harmless_role_extras_dba;
GRANT pg_read_all_settings TO c_clean_harmless_role_extras_oncall;
ALTER ROLE c_clean_harmless_role_extras SET statement_timeout = '30s';
ALTER ROLE c_clean_harmless_role_extras SET search_path = public, pg_temp;
ALTER ROLE c_clean_harmless_role_extras SET row_security = on;
ALTER ROLE c_clean_harmless_role_extras_dba SET row_security = off;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.tenants (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.tasks (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id),
    id        uuid NOT NULL DEFAULT gen_random_uuid(),
    title     text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
ALTER TABLE public.tenants OWNER TO c_clean_harmless_role_extras_owner;
ALTER TABLE public.tasks OWNER TO c_clean_harmless_role_extras_owner;
ALTER TABLE public.tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.tasks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY t ON public.tenants USING (id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
CREATE POLICY t ON public.tasks USING (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid);
CREATE POLICY backup ON public.tasks FOR SELECT TO c_clean_harmless_role_extras_dba USING (true);

GRANT SELECT ON public.tenants TO c_clean_harmless_role_extras;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.tasks TO c_clean_harmless_role_extras;
GRANT SELECT ON public.tenants, public.tasks TO c_clean_harmless_role_extras_dba;
-- For what the login itself might create, and for what the owner creates for the DBA.
ALTER DEFAULT PRIVILEGES FOR ROLE c_clean_harmless_role_extras REVOKE ALL ON TABLES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE c_clean_harmless_role_extras_owner IN SCHEMA public GRANT SELECT ON TABLES TO c_clean_harmless_role_extras_dba;
ALTER DEFAULT PRIVILEGES FOR ROLE c_clean_harmless_role_extras_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

INSERT INTO public.tenants VALUES ('7aa00000-0000-4000-8000-000000000001', 'Opal'), ('7aa00000-0000-4000-8000-000000000002', 'Pearl');
INSERT INTO public.tasks (tenant_id, title) VALUES ('7aa00000-0000-4000-8000-000000000001', 'sweep'), ('7aa00000-0000-4000-8000-000000000002', 'buy Opal'), ('7aa00000-0000-4000-8000-000000000002', 'lunch');
