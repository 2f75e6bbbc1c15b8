-- An INSTEAD OF INSERT trigger upserts as its owner, by id

CREATE ROLE c_view_instead_of_upsert LOGIN PASSWORD 'c_view_instead_of_upsert';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.vendors (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.products (
    vendor_id   uuid NOT NULL REFERENCES public.vendors (id) ON DELETE CASCADE,
    product_id  uuid NOT NULL,
    price_cents integer NOT NULL,
    PRIMARY KEY (vendor_id, product_id)
);
ALTER TABLE public.products ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.products FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.products
    USING (vendor_id = nullif(current_setting('mkt.vendor', true), '')::uuid)
    WITH CHECK (vendor_id = nullif(current_setting('mkt.vendor', true), '')::uuid);

CREATE VIEW public.product_form WITH (security_barrier) AS
    SELECT product_id, price_cents FROM public.products
    WHERE vendor_id = nullif(current_setting('mkt.vendor', true), '')::uuid;
CREATE FUNCTION public.save_product() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    UPDATE public.products p SET price_cents = NEW.price_cents WHERE p.product_id = NEW.product_id;   -- the hole
    IF NOT FOUND THEN
        INSERT INTO public.products VALUES (nullif(current_setting('mkt.vendor', true), '')::uuid, NEW.product_id, NEW.price_cents);
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION public.save_product() FROM PUBLIC;
CREATE TRIGGER save INSTEAD OF INSERT ON public.product_form FOR EACH ROW EXECUTE FUNCTION public.save_product();
GRANT SELECT, INSERT ON public.product_form TO c_view_instead_of_upsert;
GRANT SELECT ON public.products TO c_view_instead_of_upsert;

INSERT INTO public.vendors VALUES ('a1000000-0000-4000-8000-000000000001', 'Anvil'), ('b2000000-0000-4000-8000-000000000001', 'Bellows');
INSERT INTO public.products VALUES ('a1000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-0000000000ff', 500),
    ('b2000000-0000-4000-8000-000000000001', 'b2000000-0000-4000-8000-0000000000ff', 900);
