-- An operator for loose comparison is marked leakproof

CREATE ROLE c_function_operator_leakproof LOGIN PASSWORD 'c_function_operator_leakproof';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA crm;
CREATE SCHEMA api;
CREATE TABLE crm.brands (
    brand text PRIMARY KEY
);
CREATE TABLE crm.customers (
    brand text NOT NULL REFERENCES crm.brands (brand),
    no    integer NOT NULL,
    phone text NOT NULL,
    PRIMARY KEY (brand, no)
);
ALTER TABLE crm.customers ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION public.loosely_equal(a text, b text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE LEAKPROOF COST 0.1 SET search_path = pg_catalog, pg_temp      -- the hole: LEAKPROOF
    AS $$
BEGIN
    IF a !~ '^[0-9 +]*$' THEN
        RAISE EXCEPTION 'not a phone number: %', a;
    END IF;
    RETURN replace(a, ' ', '') = replace(b, ' ', '');
END $$;
CREATE OPERATOR public.~== (LEFTARG = text, RIGHTARG = text, FUNCTION = public.loosely_equal);
CREATE VIEW api.customers WITH (security_barrier) AS
    SELECT no, phone FROM crm.customers WHERE brand = current_setting('crm.brand', true);
GRANT USAGE ON SCHEMA api TO c_function_operator_leakproof;
GRANT SELECT ON api.customers TO c_function_operator_leakproof;
INSERT INTO crm.brands VALUES ('red'), ('blue');
INSERT INTO crm.customers VALUES ('red', 1, '+49 30 1'), ('blue', 1, 'call my wife: 555 1');
