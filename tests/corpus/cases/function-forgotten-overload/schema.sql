-- An old overload of a function was left behind, open to PUBLIC

CREATE ROLE c_function_forgotten_overload LOGIN PASSWORD 'c_function_forgotten_overload';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.customers (
    customer integer PRIMARY KEY,
    name     text NOT NULL
);
CREATE TABLE public.statements (
    customer integer NOT NULL REFERENCES public.customers (customer) ON DELETE CASCADE,
    seq      bigint NOT NULL,
    ref      text NOT NULL,
    lines    text[] NOT NULL,
    PRIMARY KEY (customer, seq)
);
ALTER TABLE public.statements ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.statements FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.statements
    USING (customer = nullif(current_setting('bill.customer', true), '')::integer)
    WITH CHECK (customer = nullif(current_setting('bill.customer', true), '')::integer);

CREATE FUNCTION public.statement_of(p_seq bigint) RETURNS SETOF public.statements
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN QUERY SELECT s.* FROM public.statements s WHERE s.seq = p_seq;         -- the hole
END $$;
CREATE FUNCTION public.statement_of(p_ref text) RETURNS SETOF public.statements
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    RETURN QUERY SELECT s.* FROM public.statements s
                 WHERE s.ref = p_ref AND s.customer = nullif(current_setting('bill.customer', true), '')::integer;
END $$;
REVOKE EXECUTE ON FUNCTION public.statement_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.statement_of(text) TO c_function_forgotten_overload;

INSERT INTO public.customers VALUES (410, 'Elm'), (420, 'Fir');
INSERT INTO public.statements VALUES (410, 1, 'E-1', '{water}'), (420, 1, 'F-1', '{gold,silver}'), (420, 2, 'F-2', '{tin}');
