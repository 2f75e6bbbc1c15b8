-- A granted view stands before a materialized view that is not granted

CREATE ROLE c_view_matview_behind LOGIN PASSWORD 'c_view_matview_behind';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.orgs (
    org text PRIMARY KEY
);
CREATE TABLE public.leads (
    org    text NOT NULL REFERENCES public.orgs (org) ON DELETE CASCADE,
    lead   text NOT NULL,
    worth  integer NOT NULL,
    PRIMARY KEY (org, lead)
);
ALTER TABLE public.leads ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.leads FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.leads
    USING (org = current_setting('bi.org', true))
    WITH CHECK (org = current_setting('bi.org', true));
INSERT INTO public.orgs VALUES ('1b'), ('2c');
INSERT INTO public.leads VALUES ('1b', 'l1', 10), ('2c', 'l1', 800), ('2c', 'l2', 900);

CREATE MATERIALIZED VIEW public.lead_totals AS SELECT org, count(*) AS leads, sum(worth) AS worth FROM public.leads GROUP BY org;
CREATE UNIQUE INDEX ON public.lead_totals (org);
CREATE VIEW public.dashboard AS SELECT t.org, t.leads, t.worth FROM public.lead_totals t;    -- the hole: no WHERE
GRANT SELECT ON public.dashboard TO c_view_matview_behind;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.leads TO c_view_matview_behind;
