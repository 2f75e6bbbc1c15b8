-- The tenant is read from a temporary table, which the session makes itself

CREATE ROLE c_context_temp_table LOGIN PASSWORD 'c_context_temp_table';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.tenants (
    tenant_id bigint PRIMARY KEY,
    name      text NOT NULL
);
CREATE TABLE public.invoices (
    tenant_id bigint NOT NULL REFERENCES public.tenants (tenant_id) ON DELETE CASCADE,
    number    text NOT NULL,
    amount    numeric(12,2) NOT NULL,
    PRIMARY KEY (tenant_id, number)
);
CREATE FUNCTION public.effective_tenant() RETURNS bigint
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog
    AS $$
DECLARE r bigint;
BEGIN
    IF to_regclass('pg_temp.request_context') IS NOT NULL THEN                   -- the hole
        EXECUTE 'SELECT tenant_id FROM pg_temp.request_context LIMIT 1' INTO r;
    END IF;
    RETURN coalesce(r, nullif(current_setting('app.tenant_id', true), '')::bigint);
END $$;
ALTER TABLE public.invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.invoices FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.invoices
    USING (tenant_id = (SELECT public.effective_tenant()))
    WITH CHECK (tenant_id = (SELECT public.effective_tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.invoices TO c_context_temp_table;

INSERT INTO public.tenants VALUES (810, 'Oat'), (820, 'Rye');
INSERT INTO public.invoices VALUES (810, '1', 5), (820, '1', 700), (820, '2', 900);
