-- Partitions by region and month in a closed schema, a detached one left behind

CREATE ROLE c_clean_partition_two_levels LOGIN PASSWORD 'c_clean_partition_two_levels';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA parts;

CREATE TABLE public.customers (
    id   integer PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.metrics (
    customer_id integer NOT NULL REFERENCES public.customers (id),
    region      text NOT NULL,
    at          timestamptz NOT NULL,
    value       double precision NOT NULL,
    PRIMARY KEY (customer_id, region, at)
) PARTITION BY LIST (region);
CREATE TABLE parts.metrics_eu PARTITION OF public.metrics FOR VALUES IN ('eu') PARTITION BY RANGE (at);
CREATE TABLE parts.metrics_eu_01 PARTITION OF parts.metrics_eu FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
CREATE TABLE parts.metrics_eu_rest PARTITION OF parts.metrics_eu DEFAULT PARTITION BY HASH (customer_id);
CREATE TABLE parts.metrics_eu_rest_0 PARTITION OF parts.metrics_eu_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts.metrics_eu_rest_1 PARTITION OF parts.metrics_eu_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE parts.metrics_other PARTITION OF public.metrics DEFAULT;
CREATE TABLE parts.metrics_2023_old PARTITION OF public.metrics FOR VALUES IN ('old');

ALTER TABLE public.customers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.metrics ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON public.customers USING (id = (SELECT NULLIF(current_setting('app.customer', true), '')::int));
CREATE POLICY own ON public.metrics USING (customer_id = (SELECT NULLIF(current_setting('app.customer', true), '')::int));
GRANT SELECT ON public.customers TO c_clean_partition_two_levels;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.metrics TO c_clean_partition_two_levels;

INSERT INTO public.customers VALUES (11, 'Sable'), (12, 'Tern');
INSERT INTO public.metrics VALUES
    (11, 'eu', '2025-01-10Z', 1), (11, 'us', '2025-01-10Z', 2), (11, 'old', '2023-01-01Z', 3),
    (12, 'eu', '2025-01-10Z', 41), (12, 'eu', '2025-06-10Z', 42), (12, 'us', '2025-01-10Z', 43), (12, 'old', '2023-01-01Z', 44);
ALTER TABLE public.metrics DETACH PARTITION parts.metrics_2023_old;
