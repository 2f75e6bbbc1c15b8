-- A procedure merges duplicates across tenants, row by row

CREATE ROLE c_function_procedure_merge_duplicates LOGIN PASSWORD 'c_function_procedure_merge_duplicates';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.shops (
    shop_id bigint PRIMARY KEY,
    name    text NOT NULL
);
CREATE TABLE public.customers (
    shop_id bigint NOT NULL REFERENCES public.shops (shop_id) ON DELETE CASCADE,
    cust_no integer NOT NULL,
    email   text NOT NULL,
    PRIMARY KEY (shop_id, cust_no)
);
ALTER TABLE public.customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.customers FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.customers
    USING (shop_id = nullif(current_setting('shop.id', true), '')::bigint)
    WITH CHECK (shop_id = nullif(current_setting('shop.id', true), '')::bigint);
GRANT SELECT, INSERT, UPDATE ON public.customers TO c_function_procedure_merge_duplicates;
CREATE PROCEDURE public.merge_duplicates(p_email text, INOUT removed integer DEFAULT 0)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    c CURSOR FOR SELECT x.shop_id, x.cust_no FROM public.customers x
                 WHERE x.email = p_email ORDER BY x.shop_id, x.cust_no FOR UPDATE;        -- the hole
    seen boolean := false;
BEGIN
    FOR r IN c LOOP
        IF seen THEN
            DELETE FROM public.customers WHERE CURRENT OF c;
            removed := removed + 1;
        END IF;
        seen := true;
    END LOOP;
END $$;
REVOKE EXECUTE ON PROCEDURE public.merge_duplicates(text, integer) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE public.merge_duplicates(text, integer) TO c_function_procedure_merge_duplicates;
INSERT INTO public.shops VALUES (2100, 'Bikes'), (2200, 'Books');
INSERT INTO public.customers VALUES (2100, 1, 'kim@mail.example'), (2200, 1, 'kim@mail.example'), (2200, 2, 'lou@mail.example');
