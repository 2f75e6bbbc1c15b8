-- The id is looked for inside the text of a list

CREATE ROLE c_policy_list_substring LOGIN PASSWORD 'c_policy_list_substring';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.merchants (
    merchant_id bigint PRIMARY KEY,
    label       text NOT NULL
);
CREATE TABLE public.orders (
    merchant_id bigint NOT NULL REFERENCES public.merchants (merchant_id) ON DELETE CASCADE,
    order_no    text NOT NULL,
    total_cents bigint NOT NULL,
    PRIMARY KEY (merchant_id, order_no)
);
CREATE TABLE public.payouts (
    merchant_id bigint NOT NULL REFERENCES public.merchants (merchant_id) ON DELETE CASCADE,
    day         date NOT NULL,
    iban        text NOT NULL,
    PRIMARY KEY (merchant_id, day)
);

ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.orders FORCE ROW LEVEL SECURITY;
CREATE POLICY listed ON public.orders
    USING (strpos(current_setting('shop.merchants', true), merchant_id::text) > 0)          -- the hole
    WITH CHECK (merchant_id::text = ANY (string_to_array(current_setting('shop.merchants', true), ',')));
ALTER TABLE public.payouts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.payouts FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.payouts
    USING (merchant_id::text = ANY (string_to_array(current_setting('shop.merchants', true), ',')))
    WITH CHECK (merchant_id::text = ANY (string_to_array(current_setting('shop.merchants', true), ',')));

GRANT SELECT, INSERT, UPDATE, DELETE ON public.orders, public.payouts TO c_policy_list_substring;

INSERT INTO public.merchants VALUES (112, 'Lamp shop'), (12, 'Jeweller');
INSERT INTO public.orders VALUES (112, 'L-1', 2999), (12, 'J-1', 899900), (12, 'J-2', 120000);
INSERT INTO public.payouts VALUES (112, '2025-02-01', 'NL01'), (12, '2025-02-01', 'NL02');
