-- The second arm of a UNION lost its filter

CREATE ROLE c_view_union_arm LOGIN PASSWORD 'c_view_union_arm';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.stores (
    store_id integer PRIMARY KEY,
    name     text NOT NULL
);
CREATE TABLE public.orders (
    store_id integer NOT NULL REFERENCES public.stores (store_id) ON DELETE CASCADE,
    order_no integer NOT NULL,
    buyer    text NOT NULL,
    PRIMARY KEY (store_id, order_no)
);
CREATE TABLE public.orders_archive (
    store_id integer NOT NULL REFERENCES public.stores (store_id) ON DELETE CASCADE,
    order_no integer NOT NULL,
    buyer    text NOT NULL,
    PRIMARY KEY (store_id, order_no)
);
ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.orders FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.orders
    USING (store_id = nullif(current_setting('retail.store', true), '')::integer)
    WITH CHECK (store_id = nullif(current_setting('retail.store', true), '')::integer);
ALTER TABLE public.orders_archive ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.orders_archive FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.orders_archive
    USING (store_id = nullif(current_setting('retail.store', true), '')::integer)
    WITH CHECK (store_id = nullif(current_setting('retail.store', true), '')::integer);

CREATE VIEW public.all_orders WITH (security_barrier) AS
    WITH me AS (SELECT nullif(current_setting('retail.store', true), '')::integer AS store_id)
    SELECT o.store_id, o.order_no, o.buyer, false AS archived FROM public.orders o JOIN me USING (store_id)
    UNION ALL
    SELECT a.store_id, a.order_no, a.buyer, true FROM public.orders_archive a;      -- the hole

GRANT SELECT, INSERT, UPDATE, DELETE ON public.orders TO c_view_union_arm;
GRANT SELECT ON public.orders_archive, public.all_orders TO c_view_union_arm;

INSERT INTO public.stores VALUES (300, 'Toys'), (301, 'Tools');
INSERT INTO public.orders VALUES (300, 1, 'Ana'), (301, 1, 'Ben');
INSERT INTO public.orders_archive VALUES (300, 0, 'Ari'), (301, 0, 'Bob');
