-- A MERGE in a definer's function matches on the article number alone

CREATE ROLE c_function_merge_import LOGIN PASSWORD 'c_function_merge_import';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.shops (
    shop_id integer PRIMARY KEY
);
CREATE TABLE public.articles (
    shop_id integer NOT NULL REFERENCES public.shops (shop_id) ON DELETE CASCADE,
    art_no  text NOT NULL,
    cents   integer NOT NULL,
    PRIMARY KEY (shop_id, art_no)
);
ALTER TABLE public.articles ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.articles FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.articles
    USING (shop_id = nullif(current_setting('pim.shop', true), '')::integer)
    WITH CHECK (shop_id = nullif(current_setting('pim.shop', true), '')::integer);
GRANT SELECT ON public.articles TO c_function_merge_import;
CREATE FUNCTION public.import_prices(p_list jsonb) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    MERGE INTO public.articles a
    USING (SELECT nullif(current_setting('pim.shop', true), '')::integer AS shop_id, key AS art_no, value::integer AS cents
           FROM jsonb_each_text(p_list)) n
    ON a.art_no = n.art_no                                                      -- the hole: AND a.shop_id = n.shop_id
    WHEN MATCHED THEN UPDATE SET cents = n.cents
    WHEN NOT MATCHED THEN INSERT VALUES (n.shop_id, n.art_no, n.cents)
    $$;
REVOKE EXECUTE ON FUNCTION public.import_prices(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.import_prices(jsonb) TO c_function_merge_import;
INSERT INTO public.shops VALUES (140), (141);
INSERT INTO public.articles VALUES (140, 'EAN-1', 500), (141, 'EAN-1', 450), (141, 'EAN-2', 90);
