-- NOT IN a list that row-level security has emptied

CREATE ROLE c_policy_not_in_under_rls LOGIN PASSWORD 'c_policy_not_in_under_rls';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.firms (
    firm_id bigint PRIMARY KEY,
    name    text NOT NULL
);
CREATE TABLE public.audits (
    firm_id bigint NOT NULL REFERENCES public.firms (firm_id) ON DELETE CASCADE,
    year    smallint NOT NULL,
    opinion text NOT NULL,
    PRIMARY KEY (firm_id, year)
);
ALTER TABLE public.firms ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.firms FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.firms
    USING (firm_id = nullif(current_setting('audit.firm', true), '')::bigint)
    WITH CHECK (firm_id = nullif(current_setting('audit.firm', true), '')::bigint);
ALTER TABLE public.audits ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.audits FORCE ROW LEVEL SECURITY;
CREATE POLICY not_the_others ON public.audits FOR SELECT
    USING (firm_id NOT IN (SELECT f.firm_id FROM public.firms f
                           WHERE f.firm_id <> nullif(current_setting('audit.firm', true), '')::bigint));      -- the hole
CREATE POLICY own ON public.audits FOR INSERT WITH CHECK (firm_id = nullif(current_setting('audit.firm', true), '')::bigint);
GRANT SELECT ON public.firms TO c_policy_not_in_under_rls;
GRANT SELECT, INSERT ON public.audits TO c_policy_not_in_under_rls;

INSERT INTO public.firms VALUES (12001, 'Crane & Co'), (12002, 'Heron Ltd');
INSERT INTO public.audits VALUES (12001, 2024, 'clean'), (12002, 2024, 'adverse'), (12002, 2023, 'qualified');
