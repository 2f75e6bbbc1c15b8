-- A materialized view keeps the context of whoever refreshed it

CREATE ROLE c_view_matview_frozen_context LOGIN PASSWORD 'c_view_matview_frozen_context';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE TABLE public.shops (
    shop text PRIMARY KEY
);
CREATE TABLE public.sales (
    shop    text NOT NULL REFERENCES public.shops (shop),
    product text NOT NULL,
    units   integer NOT NULL,
    PRIMARY KEY (shop, product)
);
ALTER TABLE public.sales ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sales FORCE ROW LEVEL SECURITY;
CREATE POLICY own_sales ON public.sales
    USING (shop = current_setting('shop.id', true))
    WITH CHECK (shop = current_setting('shop.id', true));
INSERT INTO public.shops VALUES ('north'), ('south');
INSERT INTO public.sales VALUES ('north', 'tea', 4), ('south', 'rum', 90), ('south', 'gin', 71);
SET shop.id = 'south';
CREATE MATERIALIZED VIEW public.my_top_products AS
    SELECT product, units FROM public.sales WHERE shop = current_setting('shop.id', true) ORDER BY units DESC LIMIT 10;
RESET shop.id;
CREATE FUNCTION public.refresh_top_products() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ REFRESH MATERIALIZED VIEW public.my_top_products $$;
REVOKE EXECUTE ON FUNCTION public.refresh_top_products() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.refresh_top_products() TO c_view_matview_frozen_context;
GRANT SELECT ON public.sales TO c_view_matview_frozen_context;
GRANT SELECT ON public.my_top_products TO c_view_matview_frozen_context;                          -- the hole
