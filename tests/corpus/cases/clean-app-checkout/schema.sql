-- An e-commerce checkout: carts, stock, coupons, order numbers and a procedure

CREATE ROLE c_clean_app_checkout LOGIN PASSWORD 'c_clean_app_checkout';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA shop;
CREATE DOMAIN shop.cents AS bigint CHECK (VALUE >= 0);
CREATE TABLE shop.stores (
    store text PRIMARY KEY CHECK (store <> '')
);
CREATE TABLE shop.countries (
    code text PRIMARY KEY,
    vat  numeric NOT NULL
);
CREATE TABLE shop.products (
    store text NOT NULL REFERENCES shop.stores (store),
    sku   text NOT NULL,
    price shop.cents NOT NULL,
    PRIMARY KEY (store, sku)
);
CREATE TABLE shop.stock (
    store text NOT NULL,
    sku   text NOT NULL,
    units integer NOT NULL CHECK (units >= 0),
    PRIMARY KEY (store, sku),
    FOREIGN KEY (store, sku) REFERENCES shop.products (store, sku) ON DELETE CASCADE
);
CREATE TABLE shop.coupons (
    store text NOT NULL REFERENCES shop.stores (store),
    code  text NOT NULL,
    pct   integer NOT NULL,
    used  integer NOT NULL DEFAULT 0,
    PRIMARY KEY (store, code)
);
CREATE TABLE shop.counters (
    store text NOT NULL REFERENCES shop.stores (store),
    what  text NOT NULL,
    last  integer NOT NULL,
    PRIMARY KEY (store, what)
);
CREATE TABLE shop.orders (
    store   text NOT NULL REFERENCES shop.stores (store),
    no      integer NOT NULL,
    total   shop.cents NOT NULL,
    status  text NOT NULL DEFAULT 'placed',
    PRIMARY KEY (store, no)
);
CREATE TABLE shop.order_lines (
    store text NOT NULL,
    no    integer NOT NULL,
    sku   text NOT NULL,
    units integer NOT NULL,
    PRIMARY KEY (store, no, sku),
    FOREIGN KEY (store, no) REFERENCES shop.orders (store, no),
    FOREIGN KEY (store, sku) REFERENCES shop.products (store, sku)
);
ALTER TABLE shop.stores ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.stores FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.stores
    USING (store = nullif(current_setting('shop.store', true), ''))
    WITH CHECK (store = nullif(current_setting('shop.store', true), ''));
ALTER TABLE shop.products ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.products FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.products
    USING (store = nullif(current_setting('shop.store', true), ''))
    WITH CHECK (store = nullif(current_setting('shop.store', true), ''));
ALTER TABLE shop.stock ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.stock FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.stock
    USING (store = nullif(current_setting('shop.store', true), ''))
    WITH CHECK (store = nullif(current_setting('shop.store', true), ''));
ALTER TABLE shop.coupons ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.coupons FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.coupons
    USING (store = nullif(current_setting('shop.store', true), ''))
    WITH CHECK (store = nullif(current_setting('shop.store', true), ''));
ALTER TABLE shop.counters ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.counters FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.counters
    USING (store = nullif(current_setting('shop.store', true), ''))
    WITH CHECK (store = nullif(current_setting('shop.store', true), ''));
ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.orders FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.orders
    USING (store = nullif(current_setting('shop.store', true), ''))
    WITH CHECK (store = nullif(current_setting('shop.store', true), ''));
ALTER TABLE shop.order_lines ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.order_lines FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.order_lines
    USING (store = nullif(current_setting('shop.store', true), ''))
    WITH CHECK (store = nullif(current_setting('shop.store', true), ''));
CREATE FUNCTION shop.number_for(p_store text, p_what text) RETURNS integer LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO shop.counters AS c VALUES (p_store, p_what, 1)
    ON CONFLICT (store, what) DO UPDATE SET last = c.last + 1 RETURNING last $$;
CREATE PROCEDURE shop.checkout(p_cart jsonb, p_coupon text, INOUT p_result jsonb DEFAULT NULL)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_store text := nullif(current_setting('shop.store', true), '');
    v_no    integer;
    v_total bigint := 0;
    v_price bigint;
    v_pct   integer := 0;
    item    record;
BEGIN
    IF v_store IS NULL THEN
        RAISE EXCEPTION 'no store';
    END IF;
    v_no := shop.number_for(v_store, 'order');
    INSERT INTO shop.orders (store, no, total) VALUES (v_store, v_no, 0);
    FOR item IN SELECT key AS sku, value::integer AS units FROM jsonb_each_text(p_cart) ORDER BY key LOOP
        UPDATE shop.stock s SET units = s.units - item.units WHERE s.store = v_store AND s.sku = item.sku;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'unknown article %', item.sku;
        END IF;
        SELECT p.price INTO STRICT v_price FROM shop.products p WHERE p.store = v_store AND p.sku = item.sku;
        INSERT INTO shop.order_lines VALUES (v_store, v_no, item.sku, item.units);
        v_total := v_total + v_price * item.units;
    END LOOP;
    IF p_coupon IS NOT NULL THEN
        UPDATE shop.coupons c SET used = c.used + 1 WHERE c.code = p_coupon AND c.store = v_store RETURNING c.pct INTO v_pct;
    END IF;
    UPDATE shop.orders o SET total = v_total * (100 - coalesce(v_pct, 0)) / 100 WHERE (o.store, o.no) = (v_store, v_no);
    p_result := jsonb_build_object('no', v_no, 'total', v_total, 'pct', coalesce(v_pct, 0));
EXCEPTION WHEN check_violation OR raise_exception THEN
    p_result := jsonb_build_object('failed', true);
END $$;
CREATE FUNCTION shop.cancel(VARIADIC p_numbers integer[]) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    n integer;
BEGIN
    WITH gone AS (
        UPDATE shop.orders SET status = 'cancelled' WHERE store = nullif(current_setting('shop.store', true), '') AND no = ANY (p_numbers) AND status = 'placed' RETURNING store, no
    ), back AS (
        UPDATE shop.stock s SET units = s.units + l.units FROM shop.order_lines l JOIN gone g ON g.store = l.store AND g.no = l.no
        WHERE s.store = l.store AND s.sku = l.sku RETURNING 1
    ) SELECT count(*) INTO n FROM back;
    RETURN n;
END $$;
CREATE FUNCTION shop.order_json(p_no integer) RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('no', o.no, 'status', o.status, 'lines',
        (SELECT jsonb_agg(to_jsonb(l) - 'store' ORDER BY l.sku) FROM shop.order_lines l WHERE l.store = o.store AND l.no = o.no))
    FROM shop.orders o WHERE o.no = p_no AND o.store = nullif(current_setting('shop.store', true), '') $$;
REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA shop FROM PUBLIC;
GRANT USAGE ON SCHEMA shop TO c_clean_app_checkout;
GRANT EXECUTE ON PROCEDURE shop.checkout(jsonb, text, jsonb) TO c_clean_app_checkout;
GRANT EXECUTE ON FUNCTION shop.cancel(integer[]), shop.order_json(integer) TO c_clean_app_checkout;
GRANT SELECT ON shop.stores, shop.countries, shop.orders, shop.order_lines, shop.counters TO c_clean_app_checkout;
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.products, shop.stock, shop.coupons TO c_clean_app_checkout;
INSERT INTO shop.stores VALUES ('kiosk'), ('bazaar');
INSERT INTO shop.countries VALUES ('DE', 19);
INSERT INTO shop.products VALUES ('kiosk', 'cola', 100), ('bazaar', 'cola', 90), ('bazaar', 'rug', 90000);
INSERT INTO shop.stock VALUES ('kiosk', 'cola', 10), ('bazaar', 'cola', 5), ('bazaar', 'rug', 2);
INSERT INTO shop.coupons VALUES ('kiosk', 'HI', 5), ('bazaar', 'VIP', 90);
INSERT INTO shop.counters VALUES ('kiosk', 'order', 1), ('bazaar', 'order', 2);
INSERT INTO shop.orders VALUES ('kiosk', 1, 100), ('bazaar', 1, 90000), ('bazaar', 2, 90);
INSERT INTO shop.order_lines VALUES ('kiosk', 1, 'cola', 1), ('bazaar', 1, 'rug', 1), ('bazaar', 2, 'cola', 1);
