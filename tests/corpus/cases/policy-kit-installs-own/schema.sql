-- A change-tracking kit adds a policy of its own to every table

CREATE ROLE c_policy_kit_installs_own LOGIN PASSWORD 'c_policy_kit_installs_own';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA kit;
CREATE TABLE public.orgs (
    org integer PRIMARY KEY
);
CREATE TABLE public.invoices (
    org   integer NOT NULL REFERENCES public.orgs (org),
    no    integer NOT NULL,
    cents integer NOT NULL,
    PRIMARY KEY (org, no)
);
CREATE FUNCTION kit.tracking() RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT current_setting('kit.tracking', true) IS DISTINCT FROM 'off' $$;
CREATE FUNCTION kit.install(p_table regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    EXECUTE format('CREATE POLICY kit_tracking ON %s FOR ALL TO PUBLIC USING (kit.tracking())', p_table);
END $$;
REVOKE EXECUTE ON FUNCTION kit.install(regclass) FROM PUBLIC;
ALTER TABLE public.invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.invoices FORCE ROW LEVEL SECURITY;
CREATE POLICY own_org ON public.invoices
    USING (org = nullif(current_setting('billing.org', true), '')::integer)
    WITH CHECK (org = nullif(current_setting('billing.org', true), '')::integer);
SELECT kit.install('public.invoices');                               -- the hole
GRANT USAGE ON SCHEMA kit TO c_policy_kit_installs_own;
GRANT SELECT, INSERT, UPDATE ON public.invoices TO c_policy_kit_installs_own;
INSERT INTO public.orgs VALUES (1), (2);
INSERT INTO public.invoices VALUES (1, 1, 100), (2, 1, 5000), (2, 2, 7000);
