-- A definer's SQL function calls a PL/pgSQL function that reads

CREATE ROLE c_function_inner_invoker LOGIN PASSWORD 'c_function_inner_invoker';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.tenants (
    tenant text PRIMARY KEY
);
CREATE TABLE public.files (
    tenant  text NOT NULL REFERENCES public.tenants (tenant) ON DELETE CASCADE,
    file_id uuid NOT NULL,
    name    text NOT NULL,
    PRIMARY KEY (tenant, file_id)
);
ALTER TABLE public.files ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.files FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.files
    USING (tenant = current_setting('dms.tenant', true))
    WITH CHECK (tenant = current_setting('dms.tenant', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.files TO c_function_inner_invoker;

CREATE FUNCTION public.load_file(p uuid) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog
    AS $$
DECLARE r public.files;
BEGIN
    SELECT * INTO r FROM public.files f WHERE f.file_id = p;
    RETURN r.name;
END $$;
CREATE FUNCTION public.file_card(p uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp        -- the hole: SECURITY DEFINER
    AS $$ SELECT jsonb_build_object('id', p, 'name', public.load_file(p), 'at', current_date) $$;
REVOKE EXECUTE ON FUNCTION public.file_card(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.file_card(uuid) TO c_function_inner_invoker;

INSERT INTO public.tenants VALUES ('g-one'), ('g-two');
INSERT INTO public.files VALUES ('g-one', '77000000-0000-4000-8000-000000000001', 'a.txt'), ('g-two', '77000000-0000-4000-8000-000000000002', 'merger.pdf');
