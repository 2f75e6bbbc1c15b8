-- A missing context becomes the nil uuid, which no organization can have

CREATE ROLE c_clean_nil_uuid_fallback LOGIN PASSWORD 'c_clean_nil_uuid_fallback';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.shops (
    id   uuid PRIMARY KEY CONSTRAINT shops_not_nil CHECK (id <> '00000000-0000-0000-0000-000000000000'),
    name text NOT NULL
);
CREATE TABLE public.listings (
    shop_id uuid NOT NULL REFERENCES public.shops (id),
    sku     text NOT NULL,
    price   numeric(10,2) NOT NULL,
    PRIMARY KEY (shop_id, sku)
);
CREATE TABLE public.stock_moves (
    id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    shop_id uuid NOT NULL,
    sku     text NOT NULL,
    delta   integer NOT NULL,
    FOREIGN KEY (shop_id, sku) REFERENCES public.listings (shop_id, sku) ON DELETE CASCADE
);
CREATE INDEX ON public.stock_moves (shop_id, sku);

ALTER TABLE public.shops ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.listings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.stock_moves ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON public.shops
    USING (id = COALESCE(NULLIF(current_setting('app.shop_id', true), ''), '00000000-0000-0000-0000-000000000000')::uuid);
CREATE POLICY p ON public.listings
    USING (shop_id = COALESCE(NULLIF(current_setting('app.shop_id', true), '')::uuid, '00000000-0000-0000-0000-000000000000'::uuid));
CREATE POLICY p ON public.stock_moves
    USING (shop_id = (SELECT COALESCE(NULLIF(current_setting('app.shop_id', true), ''), '00000000-0000-0000-0000-000000000000')::uuid));

GRANT SELECT ON public.shops TO c_clean_nil_uuid_fallback;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.listings, public.stock_moves TO c_clean_nil_uuid_fallback;

INSERT INTO public.shops VALUES ('3d0f1c9a-2b11-4f6e-9a01-0000000000a1', 'Tin Drum'), ('3d0f1c9a-2b11-4f6e-9a01-0000000000b2', 'Umber Books');
INSERT INTO public.listings VALUES ('3d0f1c9a-2b11-4f6e-9a01-0000000000a1', 'LP-1', 21.00), ('3d0f1c9a-2b11-4f6e-9a01-0000000000b2', 'BK-1', 9.90), ('3d0f1c9a-2b11-4f6e-9a01-0000000000b2', 'BK-2', 12.50);
INSERT INTO public.stock_moves (shop_id, sku, delta) VALUES ('3d0f1c9a-2b11-4f6e-9a01-0000000000a1', 'LP-1', 4), ('3d0f1c9a-2b11-4f6e-9a01-0000000000b2', 'BK-1', 100), ('3d0f1c9a-2b11-4f6e-9a01-0000000000b2', 'BK-2', -3);
