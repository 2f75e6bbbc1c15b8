-- An integer registry, a smallint table, a bigint table, a numeric child

CREATE ROLE c_clean_integer_widths LOGIN PASSWORD 'c_clean_integer_widths';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA stores;
GRANT USAGE ON SCHEMA stores TO c_clean_integer_widths;

CREATE TABLE stores.store (
    store_no integer PRIMARY KEY,
    city     text NOT NULL
);
CREATE TABLE stores.registers (
    store_no smallint NOT NULL REFERENCES stores.store (store_no),
    drawer   smallint NOT NULL,
    cash     numeric(12,2) NOT NULL,
    PRIMARY KEY (store_no, drawer)
);
CREATE TABLE stores.sales (
    store_no bigint NOT NULL REFERENCES stores.store (store_no),
    receipt  bigint NOT NULL,
    total    numeric(12,2) NOT NULL,
    PRIMARY KEY (store_no, receipt)
);
CREATE TABLE stores.sale_lines (
    store_no bigint NOT NULL,
    receipt  bigint NOT NULL,
    line     smallint NOT NULL,
    article  text NOT NULL,
    PRIMARY KEY (store_no, receipt, line),
    FOREIGN KEY (store_no, receipt) REFERENCES stores.sales ON DELETE CASCADE
);
ALTER TABLE stores.store ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE stores.registers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE stores.sales ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE stores.sale_lines ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON stores.store USING (store_no = NULLIF(current_setting('pos.store', true), '')::bigint);
CREATE POLICY p ON stores.registers USING (store_no = NULLIF(current_setting('pos.store', true), '')::integer);
CREATE POLICY p ON stores.sales USING (store_no = (SELECT NULLIF(current_setting('pos.store', true), '')::integer));
CREATE POLICY p ON stores.sale_lines USING (store_no::numeric = NULLIF(current_setting('pos.store', true), '')::numeric);

GRANT SELECT ON stores.store TO c_clean_integer_widths;
GRANT SELECT, UPDATE (cash) ON stores.registers TO c_clean_integer_widths;
GRANT SELECT, INSERT, UPDATE, DELETE ON stores.sales, stores.sale_lines TO c_clean_integer_widths;

-- 263 is 7 in its low eight bits, and 7 is a prefix of nothing here.
INSERT INTO stores.store VALUES (7, 'Ghent'), (263, 'Turin');
INSERT INTO stores.registers VALUES (7, 1, 120), (263, 1, 9000), (263, 2, 50);
INSERT INTO stores.sales VALUES (7, 1, 10), (263, 1, 888), (263, 2, 12);
INSERT INTO stores.sale_lines VALUES (7, 1, 1, 'soap'), (263, 1, 1, 'ring'), (263, 2, 1, 'comb');
