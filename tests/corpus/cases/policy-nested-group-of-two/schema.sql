-- Two functions below the policy, the related-companies test compares the wrong thing

CREATE ROLE c_policy_nested_group_of_two LOGIN PASSWORD 'c_policy_nested_group_of_two';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.companies (
    company_id bigint PRIMARY KEY,
    group_no   integer,
    name       text NOT NULL
);
CREATE TABLE public.quotes (
    company_id bigint NOT NULL REFERENCES public.companies (company_id) ON DELETE CASCADE,
    quote_no   text NOT NULL,
    price      numeric(12,2) NOT NULL,
    PRIMARY KEY (company_id, quote_no)
);
CREATE FUNCTION public.current_company() RETURNS bigint
    LANGUAGE sql STABLE SET search_path = pg_catalog
    AS $$ SELECT nullif(current_setting('erp.company', true), '')::bigint $$;
CREATE FUNCTION public.same_group(a bigint, b bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT EXISTS (SELECT 1 FROM public.companies x, public.companies y
                         WHERE x.company_id = a AND y.company_id = b
                           AND x.group_no IS NOT DISTINCT FROM y.group_no) $$;     -- the hole
CREATE FUNCTION public.visible_company(c bigint) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog
    AS $$ SELECT c = public.current_company() OR public.same_group(c, public.current_company()) $$;
REVOKE EXECUTE ON FUNCTION public.same_group(bigint, bigint) FROM PUBLIC;

ALTER TABLE public.quotes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.quotes FORCE ROW LEVEL SECURITY;
CREATE POLICY visible ON public.quotes FOR SELECT USING (public.visible_company(company_id));
CREATE POLICY own_insert ON public.quotes FOR INSERT WITH CHECK (company_id = public.current_company());
CREATE POLICY own_update ON public.quotes FOR UPDATE USING (company_id = public.current_company());

GRANT EXECUTE ON FUNCTION public.same_group(bigint, bigint) TO c_policy_nested_group_of_two;
GRANT SELECT, INSERT, UPDATE ON public.quotes TO c_policy_nested_group_of_two;

INSERT INTO public.companies VALUES (31, NULL, 'Solo Ltd'), (32, NULL, 'Rival Ltd'), (33, 5, 'Five North'), (34, 6, 'Six South');
INSERT INTO public.quotes VALUES (31, 'S1', 10), (32, 'R1', 9.50), (32, 'R2', 8), (33, 'N1', 4), (34, 'Z1', 5);
