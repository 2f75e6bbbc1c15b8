-- The tenant is a default argument, and the caller may give another

CREATE ROLE c_function_default_argument LOGIN PASSWORD 'c_function_default_argument';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.orgs (
    org_id uuid PRIMARY KEY,
    name   text NOT NULL
);
CREATE TABLE public.contacts (
    org_id uuid NOT NULL REFERENCES public.orgs (org_id) ON DELETE CASCADE,
    email  text NOT NULL,
    phone  text NOT NULL,
    PRIMARY KEY (org_id, email)
);
ALTER TABLE public.contacts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.contacts FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.contacts
    USING (org_id = nullif(current_setting('app.org', true), '')::uuid)
    WITH CHECK (org_id = nullif(current_setting('app.org', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON public.contacts TO c_function_default_argument;

CREATE FUNCTION public.export_contacts(p_org uuid DEFAULT nullif(current_setting('app.org', true), '')::uuid)   -- the hole
    RETURNS TABLE (email text, phone text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c.email, c.phone FROM public.contacts c WHERE c.org_id = p_org ORDER BY c.email;
END;
REVOKE EXECUTE ON FUNCTION public.export_contacts(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.export_contacts(uuid) TO c_function_default_argument;

INSERT INTO public.orgs VALUES ('c1000000-0000-4000-8000-000000000001', 'Dune'), ('c2000000-0000-4000-8000-000000000001', 'Fjord');
INSERT INTO public.contacts VALUES ('c1000000-0000-4000-8000-000000000001', 'a@dune.example', '1'),
    ('c2000000-0000-4000-8000-000000000001', 'b@fjord.example', '2'), ('c2000000-0000-4000-8000-000000000001', 'c@fjord.example', '3');
