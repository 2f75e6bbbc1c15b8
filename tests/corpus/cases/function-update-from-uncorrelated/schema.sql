-- UPDATE ... FROM repeats its target without joining it

CREATE ROLE c_function_update_from_uncorrelated LOGIN PASSWORD 'c_function_update_from_uncorrelated';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE TABLE public.companies (
    id integer PRIMARY KEY
);
CREATE TABLE public.invoices (
    company_id integer NOT NULL REFERENCES public.companies (id),
    no         integer NOT NULL,
    status     text NOT NULL DEFAULT 'open',
    PRIMARY KEY (company_id, no)
);
CREATE TABLE public.payments (
    company_id integer NOT NULL,
    no         integer NOT NULL,
    paid_on    date NOT NULL,
    PRIMARY KEY (company_id, no),
    FOREIGN KEY (company_id, no) REFERENCES public.invoices (company_id, no)
);
ALTER TABLE public.invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.invoices FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON public.invoices
    USING (company_id = nullif(current_setting('inv.company', true), '')::integer)
    WITH CHECK (company_id = nullif(current_setting('inv.company', true), '')::integer);
ALTER TABLE public.payments ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.payments FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON public.payments
    USING (company_id = nullif(current_setting('inv.company', true), '')::integer)
    WITH CHECK (company_id = nullif(current_setting('inv.company', true), '')::integer);
CREATE PROCEDURE public.mark_paid()
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    v_company integer := nullif(current_setting('inv.company', true), '')::integer;
BEGIN
    IF v_company IS NULL THEN
        RAISE EXCEPTION 'no company';
    END IF;
    UPDATE public.invoices SET status = 'paid'                             -- the hole: UPDATE public.invoices i
    FROM public.invoices i JOIN public.payments p USING (company_id, no)
    WHERE i.company_id = v_company AND p.paid_on <= current_date;
END $$;
REVOKE EXECUTE ON PROCEDURE public.mark_paid() FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE public.mark_paid() TO c_function_update_from_uncorrelated;
GRANT SELECT, INSERT ON public.invoices, public.payments TO c_function_update_from_uncorrelated;
INSERT INTO public.companies VALUES (61), (62);
INSERT INTO public.invoices VALUES (61, 1), (61, 2), (62, 1), (62, 2);
INSERT INTO public.payments VALUES (61, 1, '2024-01-01');
