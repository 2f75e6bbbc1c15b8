-- The application can give a broken report view its missing privilege

CREATE ROLE c_privilege_grant_option_arms_view LOGIN PASSWORD 'c_privilege_grant_option_arms_view';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE ROLE c_privilege_grant_option_arms_view_reporter NOLOGIN BYPASSRLS;
CREATE SCHEMA reports;
CREATE TABLE public.firms (
    firm_id integer PRIMARY KEY
);
CREATE TABLE public.salaries (
    firm_id integer NOT NULL REFERENCES public.firms (firm_id),
    person  text NOT NULL,
    yearly  numeric NOT NULL,
    PRIMARY KEY (firm_id, person)
);
ALTER TABLE public.salaries ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.salaries FORCE ROW LEVEL SECURITY;
CREATE POLICY firm_only ON public.salaries
    USING (firm_id = nullif(current_setting('hr.firm', true), '')::integer)
    WITH CHECK (firm_id = nullif(current_setting('hr.firm', true), '')::integer);
CREATE VIEW reports.payroll WITH (security_barrier) AS SELECT firm_id, person, yearly FROM public.salaries;
ALTER VIEW reports.payroll OWNER TO c_privilege_grant_option_arms_view_reporter;
GRANT USAGE ON SCHEMA reports, public TO c_privilege_grant_option_arms_view, c_privilege_grant_option_arms_view_reporter;
GRANT SELECT ON public.salaries TO c_privilege_grant_option_arms_view WITH GRANT OPTION;       -- the hole
GRANT INSERT, UPDATE ON public.salaries TO c_privilege_grant_option_arms_view;
GRANT SELECT ON reports.payroll TO c_privilege_grant_option_arms_view;
INSERT INTO public.firms VALUES (1001), (1002);
INSERT INTO public.salaries VALUES (1001, 'Ida', 50000), (1002, 'Olaf', 61000), (1002, 'Pia', 72000);
