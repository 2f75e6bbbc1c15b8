-- The sort order is pasted into the query with format('%s')

CREATE ROLE c_function_order_by_argument LOGIN PASSWORD 'c_function_order_by_argument';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.agencies (
    agency_id integer PRIMARY KEY,
    name      text NOT NULL
);
CREATE TABLE public.leads (
    agency_id integer NOT NULL REFERENCES public.agencies (agency_id) ON DELETE CASCADE,
    lead_no   integer NOT NULL,
    person    text NOT NULL,
    PRIMARY KEY (agency_id, lead_no)
);
ALTER TABLE public.leads ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.leads FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.leads
    USING (agency_id = nullif(current_setting('crm.agency', true), '')::integer)
    WITH CHECK (agency_id = nullif(current_setting('crm.agency', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON public.leads TO c_function_order_by_argument;

CREATE FUNCTION public.list_leads(p_sort text DEFAULT 'lead_no') RETURNS SETOF public.leads
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT * FROM public.leads WHERE agency_id = $1 ORDER BY %s', p_sort)      -- the hole: %s
        USING nullif(current_setting('crm.agency', true), '')::integer;
END $$;
REVOKE EXECUTE ON FUNCTION public.list_leads(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.list_leads(text) TO c_function_order_by_argument;

INSERT INTO public.agencies VALUES (91, 'Rook'), (92, 'Swan');
INSERT INTO public.leads VALUES (91, 1, 'Ms Reed'), (92, 1, 'Mr Sterling');
