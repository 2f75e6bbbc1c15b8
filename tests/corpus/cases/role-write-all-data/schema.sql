-- A loader group writes all data, also the table that decides who sees what

REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE ROLE c_role_write_all_data LOGIN PASSWORD 'c_role_write_all_data';
CREATE ROLE c_role_write_all_data_etl NOLOGIN;
CREATE ROLE c_role_write_all_data_loader NOLOGIN;
GRANT pg_write_all_data TO c_role_write_all_data_loader;
GRANT c_role_write_all_data_loader TO c_role_write_all_data_etl;
GRANT c_role_write_all_data_etl TO c_role_write_all_data;                                           -- the hole

CREATE TABLE public.orgs (
    org_id integer PRIMARY KEY,
    name   text NOT NULL
);
CREATE TABLE public.memberships (
    org_id   integer NOT NULL REFERENCES public.orgs (org_id) ON DELETE CASCADE,
    reads_of integer NOT NULL REFERENCES public.orgs (org_id) ON DELETE CASCADE,
    PRIMARY KEY (org_id, reads_of)
);
CREATE INDEX ON public.memberships (reads_of);
CREATE TABLE public.reports (
    org_id integer NOT NULL REFERENCES public.orgs (org_id) ON DELETE CASCADE,
    title  text NOT NULL,
    PRIMARY KEY (org_id, title)
);
CREATE FUNCTION public.readable_orgs() RETURNS SETOF integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT m.reads_of FROM public.memberships m WHERE m.org_id = nullif(current_setting('app.org_id', true), '')::integer $$;
REVOKE EXECUTE ON FUNCTION public.readable_orgs() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.readable_orgs() TO c_role_write_all_data;

ALTER TABLE public.orgs ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.orgs FORCE ROW LEVEL SECURITY;
ALTER TABLE public.reports ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.reports FORCE ROW LEVEL SECURITY;
CREATE POLICY members ON public.reports FOR SELECT USING (org_id IN (SELECT public.readable_orgs()));
CREATE POLICY own ON public.reports FOR INSERT WITH CHECK (org_id = nullif(current_setting('app.org_id', true), '')::integer);
GRANT SELECT, INSERT ON public.reports TO c_role_write_all_data;

INSERT INTO public.orgs VALUES (11, 'Sedge'), (12, 'Thyme');
INSERT INTO public.memberships VALUES (11, 11), (12, 12);
INSERT INTO public.reports VALUES (11, 'Q1'), (12, 'Q1'), (12, 'Fraud inquiry');
