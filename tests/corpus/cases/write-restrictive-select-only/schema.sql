-- The restrictive tenant policy covers SELECT, the permissive one everything

CREATE ROLE c_write_restrictive_select_only LOGIN PASSWORD 'c_write_restrictive_select_only';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.customers (
    customer_id integer PRIMARY KEY,
    name        text NOT NULL
);
CREATE TABLE public.subscriptions (
    customer_id integer NOT NULL REFERENCES public.customers (customer_id) ON DELETE CASCADE,
    product     text NOT NULL,
    seats       integer NOT NULL,
    PRIMARY KEY (customer_id, product)
);
CREATE TABLE public.coupons (
    customer_id integer NOT NULL REFERENCES public.customers (customer_id) ON DELETE CASCADE,
    code        text NOT NULL,
    PRIMARY KEY (customer_id, code)
);

ALTER TABLE public.subscriptions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.subscriptions FORCE ROW LEVEL SECURITY;
CREATE POLICY base ON public.subscriptions USING (true)
    WITH CHECK (customer_id = nullif(current_setting('billing.customer', true), '')::integer);
CREATE POLICY fence ON public.subscriptions AS RESTRICTIVE FOR SELECT       -- the hole: FOR SELECT
    USING (customer_id = nullif(current_setting('billing.customer', true), '')::integer);
ALTER TABLE public.coupons ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.coupons FORCE ROW LEVEL SECURITY;
CREATE POLICY base ON public.coupons USING (true);
CREATE POLICY fence ON public.coupons AS RESTRICTIVE
    USING (customer_id = nullif(current_setting('billing.customer', true), '')::integer);

GRANT SELECT, INSERT, DELETE ON public.subscriptions TO c_write_restrictive_select_only;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.coupons TO c_write_restrictive_select_only;

INSERT INTO public.customers VALUES (501, 'Ivy'), (502, 'Jade');
INSERT INTO public.subscriptions VALUES (501, 'mail', 5), (502, 'mail', 80), (502, 'drive', 80);
INSERT INTO public.coupons VALUES (501, 'X'), (502, 'Y');
