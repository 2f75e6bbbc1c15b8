-- A block of ids is taken for one organization

CREATE ROLE c_policy_id_range LOGIN PASSWORD 'c_policy_id_range';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE DOMAIN public.firm_no AS bigint CHECK (VALUE >= 1000);
CREATE TABLE public.firms (
    id   public.firm_no PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.cases (
    firm_id public.firm_no NOT NULL REFERENCES public.firms (id) ON DELETE CASCADE,
    docket  text NOT NULL,
    client  text NOT NULL,
    PRIMARY KEY (firm_id, docket)
);
CREATE TABLE public.hours (
    firm_id public.firm_no NOT NULL,
    docket  text NOT NULL,
    lawyer  text NOT NULL,
    minutes integer NOT NULL,
    PRIMARY KEY (firm_id, docket, lawyer),
    FOREIGN KEY (firm_id, docket) REFERENCES public.cases (firm_id, docket) ON DELETE CASCADE
);
CREATE FUNCTION public.this_firm() RETURNS bigint LANGUAGE sql STABLE SET search_path = pg_catalog
    RETURN nullif(current_setting('law.firm', true), '')::bigint;

ALTER TABLE public.cases ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.cases FORCE ROW LEVEL SECURITY;
CREATE POLICY firm_and_subsidiaries ON public.cases
    USING (firm_id BETWEEN public.this_firm() AND public.this_firm() + 99)      -- the hole
    WITH CHECK (firm_id = public.this_firm());
ALTER TABLE public.hours ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.hours FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.hours
    USING (firm_id = public.this_firm())
    WITH CHECK (firm_id = public.this_firm());

GRANT SELECT, INSERT, UPDATE, DELETE ON public.cases, public.hours TO c_policy_id_range;

INSERT INTO public.firms VALUES (1000, 'Abel & Co'), (1007, 'Brandt LLP');
INSERT INTO public.cases VALUES (1000, '25/1', 'Ox Ltd'), (1007, '25/1', 'Against Ox Ltd'), (1007, '25/2', 'Pike');
INSERT INTO public.hours VALUES (1000, '25/1', 'Abel', 90), (1007, '25/2', 'Brandt', 30);
