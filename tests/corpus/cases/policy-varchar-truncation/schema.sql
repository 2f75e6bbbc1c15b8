-- A cast to varchar(10) cuts the tenant's name

CREATE ROLE c_policy_varchar_truncation LOGIN PASSWORD 'c_policy_varchar_truncation';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.sites (
    site  text PRIMARY KEY,
    owner text NOT NULL
);
CREATE TABLE public.notes (
    site    text NOT NULL REFERENCES public.sites (site) ON DELETE CASCADE,
    note_no integer NOT NULL,
    content text NOT NULL,
    PRIMARY KEY (site, note_no)
);

ALTER TABLE public.sites ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sites FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.sites
    USING (site = current_setting('crm.site', true))
    WITH CHECK (site = current_setting('crm.site', true));
ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.notes FORCE ROW LEVEL SECURITY;
CREATE POLICY site_only ON public.notes
    USING (site::varchar(10) = current_setting('crm.site', true)::varchar(10))   -- the hole
    WITH CHECK (site = current_setting('crm.site', true));

GRANT SELECT ON public.sites TO c_policy_varchar_truncation;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.notes TO c_policy_varchar_truncation;

INSERT INTO public.sites VALUES ('northwind-eu', 'Northwind GmbH'), ('northwind-us', 'Northwind Franchise Inc');
INSERT INTO public.notes VALUES ('northwind-eu', 1, 'Renew in May'), ('northwind-us', 1, 'Sue the GmbH'), ('northwind-us', 2, 'Bank details');
