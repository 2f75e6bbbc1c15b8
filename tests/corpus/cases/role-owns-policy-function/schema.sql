-- The application inherits the owner of the function that the policies call

REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE ROLE c_role_owns_policy_function LOGIN PASSWORD 'c_role_owns_policy_function';
CREATE ROLE c_role_owns_policy_function_devs NOLOGIN;
CREATE ROLE c_role_owns_policy_function_migrations NOLOGIN;
GRANT c_role_owns_policy_function_devs TO c_role_owns_policy_function_migrations;
GRANT c_role_owns_policy_function_migrations TO c_role_owns_policy_function;                                   -- the hole

CREATE TABLE public.tenants (
    tenant uuid PRIMARY KEY
);
CREATE TABLE public.letters (
    tenant uuid NOT NULL REFERENCES public.tenants (tenant) ON DELETE CASCADE,
    no     integer NOT NULL,
    body   text NOT NULL,
    PRIMARY KEY (tenant, no)
);
CREATE SCHEMA sec AUTHORIZATION c_role_owns_policy_function_devs;
GRANT USAGE ON SCHEMA sec TO c_role_owns_policy_function;
CREATE FUNCTION sec.can_see(t uuid) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog
    AS $$ SELECT t = nullif(current_setting('app.tenant', true), '')::uuid $$;
ALTER FUNCTION sec.can_see(uuid) OWNER TO c_role_owns_policy_function_devs;
ALTER TABLE public.letters ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.letters FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.letters
    USING (sec.can_see(tenant))
    WITH CHECK (sec.can_see(tenant));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.letters TO c_role_owns_policy_function;

INSERT INTO public.tenants VALUES ('0d000000-0000-4000-8000-00000000000a'), ('0d000000-0000-4000-8000-00000000000b');
INSERT INTO public.letters VALUES ('0d000000-0000-4000-8000-00000000000a', 1, 'Dear A'), ('0d000000-0000-4000-8000-00000000000b', 1, 'Dear B'),
    ('0d000000-0000-4000-8000-00000000000b', 2, 'Dearest B');
