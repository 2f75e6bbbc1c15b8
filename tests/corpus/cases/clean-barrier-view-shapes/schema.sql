-- Owner views with a barrier: aggregate, CTE, UNION ALL, LEFT JOIN LATERAL, window

CREATE ROLE c_clean_barrier_view_shapes LOGIN PASSWORD 'c_clean_barrier_view_shapes';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA core;
CREATE SCHEMA bi;
GRANT USAGE ON SCHEMA bi TO c_clean_barrier_view_shapes;

CREATE TABLE core.sellers (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE core.orders (
    seller_id uuid NOT NULL REFERENCES core.sellers (id),
    no        integer NOT NULL,
    buyer     text NOT NULL,
    cents     bigint NOT NULL,
    PRIMARY KEY (seller_id, no)
);
CREATE TABLE core.refunds (
    seller_id uuid NOT NULL,
    order_no  integer NOT NULL,
    at        date NOT NULL,
    cents     bigint NOT NULL,
    PRIMARY KEY (seller_id, order_no, at),
    FOREIGN KEY (seller_id, order_no) REFERENCES core.orders (seller_id, no)
);
ALTER TABLE core.sellers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE core.orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE core.refunds ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY s ON core.sellers USING (id = NULLIF(current_setting('app.seller_id', true), '')::uuid);
CREATE POLICY s ON core.orders USING (seller_id = NULLIF(current_setting('app.seller_id', true), '')::uuid);
CREATE POLICY s ON core.refunds USING (seller_id = NULLIF(current_setting('app.seller_id', true), '')::uuid);

CREATE VIEW bi.revenue WITH (security_barrier) AS
    SELECT o.seller_id, count(*) AS orders, sum(o.cents) AS cents
    FROM core.orders o
    WHERE o.seller_id = NULLIF(current_setting('app.seller_id', true), '')::uuid
    GROUP BY o.seller_id;

CREATE VIEW bi.ledger WITH (security_barrier) AS
    SELECT seller_id, no, 'order' AS kind, cents FROM core.orders
    WHERE seller_id = NULLIF(current_setting('app.seller_id', true), '')::uuid
    UNION ALL
    SELECT seller_id, order_no, 'refund', -cents FROM core.refunds
    WHERE seller_id = NULLIF(current_setting('app.seller_id', true), '')::uuid;

CREATE VIEW bi.top_orders WITH (security_barrier) AS
    WITH me AS (SELECT NULLIF(current_setting('app.seller_id', true), '')::uuid AS id),
         mine AS (SELECT o.* FROM core.orders o JOIN me ON me.id = o.seller_id)
    SELECT seller_id, no, buyer, cents,
           rank() OVER (ORDER BY cents DESC) AS place,
           round(100.0 * cents / sum(cents) OVER (), 1) AS share
    FROM mine;

CREATE VIEW bi.last_refund WITH (security_barrier) AS
    SELECT o.seller_id, o.no, o.buyer, r.at, r.cents
    FROM core.orders o
    LEFT JOIN LATERAL (SELECT x.at, x.cents FROM core.refunds x
                       WHERE x.seller_id = o.seller_id AND x.order_no = o.no
                       ORDER BY x.at DESC LIMIT 1) r ON true
    WHERE o.seller_id = (SELECT NULLIF(current_setting('app.seller_id', true), '')::uuid);

GRANT SELECT ON bi.revenue, bi.ledger, bi.top_orders, bi.last_refund TO c_clean_barrier_view_shapes;

INSERT INTO core.sellers VALUES ('8f000000-0000-4000-8000-000000000001', 'Hazel'), ('8f000000-0000-4000-8000-000000000002', 'Indigo');
INSERT INTO core.orders VALUES
    ('8f000000-0000-4000-8000-000000000001', 1, 'kim', 1000), ('8f000000-0000-4000-8000-000000000001', 2, 'lee', 3000), ('8f000000-0000-4000-8000-000000000002', 1, 'secret buyer', 777000), ('8f000000-0000-4000-8000-000000000002', 2, 'mo', 20);
INSERT INTO core.refunds VALUES ('8f000000-0000-4000-8000-000000000001', 2, '2025-01-05', 500), ('8f000000-0000-4000-8000-000000000002', 1, '2025-01-06', 700000);
