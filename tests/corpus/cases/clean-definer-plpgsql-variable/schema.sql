-- PL/pgSQL definer functions that read the context into a variable first

CREATE ROLE c_clean_definer_plpgsql_variable LOGIN PASSWORD 'c_clean_definer_plpgsql_variable';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.organizations (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.invoices (
    organization_id uuid NOT NULL REFERENCES public.organizations (id),
    number          text NOT NULL,
    customer        text NOT NULL,
    cents           bigint NOT NULL,
    PRIMARY KEY (organization_id, number)
);
ALTER TABLE public.organizations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.invoices ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY o ON public.organizations USING (id = NULLIF(current_setting('app.organization_id', true), '')::uuid);
CREATE POLICY o ON public.invoices USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid);

CREATE FUNCTION public.invoice_summary() RETURNS TABLE (customer text, invoices bigint, cents numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_org uuid := NULLIF(current_setting('app.organization_id', true), '')::uuid;
BEGIN
    IF v_org IS NULL THEN
        RAISE EXCEPTION 'no organization' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY
        SELECT i.customer, count(*), sum(i.cents)
        FROM public.invoices i
        WHERE i.organization_id = v_org
        GROUP BY i.customer;
END $$;

CREATE FUNCTION public.last_invoice(p_customer text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_org    uuid;
    v_number public.invoices.number%TYPE;
BEGIN
    v_org := current_setting('app.organization_id')::uuid;
    SELECT i.number INTO STRICT v_number
    FROM public.invoices AS i
    WHERE i.organization_id = v_org AND i.customer = p_customer
    ORDER BY i.number DESC LIMIT 1;
    RETURN v_number;
EXCEPTION
    WHEN no_data_found THEN RETURN NULL;
END $$;

CREATE FUNCTION public.invoice_labels(p_prefix text DEFAULT '') RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_org constant uuid := current_setting('app.organization_id')::uuid;
    r     record;
BEGIN
    FOR r IN SELECT i.number, i.customer FROM public.invoices i WHERE i.organization_id = v_org ORDER BY i.number LOOP
        CONTINUE WHEN NOT starts_with(r.number, p_prefix);
        RETURN NEXT r.number || ': ' || r.customer;
    END LOOP;
END $$;

CREATE FUNCTION public.search_invoices(p_text text, p_max int) RETURNS SETOF public.invoices
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY EXECUTE
        'SELECT i.* FROM public.invoices i
         WHERE i.organization_id = $1 AND (i.number ILIKE $2 OR i.customer ILIKE $2)
         ORDER BY i.cents DESC LIMIT $3'
    USING current_setting('app.organization_id')::uuid, '%' || p_text || '%', p_max;
END $$;

REVOKE EXECUTE ON FUNCTION public.invoice_summary(), public.last_invoice(text), public.invoice_labels(text),
    public.search_invoices(text, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.invoice_summary(), public.last_invoice(text), public.invoice_labels(text),
    public.search_invoices(text, int) TO c_clean_definer_plpgsql_variable;
GRANT SELECT ON public.organizations TO c_clean_definer_plpgsql_variable;

INSERT INTO public.organizations VALUES ('a11c0000-0000-4000-8000-000000000001', 'Wren'), ('a11c0000-0000-4000-8000-000000000002', 'Yew');
INSERT INTO public.invoices VALUES ('a11c0000-0000-4000-8000-000000000001', '1', 'Sam', 100), ('a11c0000-0000-4000-8000-000000000002', '1', 'Tess', 500000), ('a11c0000-0000-4000-8000-000000000002', '2', 'Sam', 7);
