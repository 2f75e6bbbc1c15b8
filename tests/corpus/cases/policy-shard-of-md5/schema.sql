-- The policy compares the tenants' shards

CREATE ROLE c_policy_shard_of_md5 LOGIN PASSWORD 'c_policy_shard_of_md5';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE TABLE public.cities (
    city text PRIMARY KEY
);
CREATE TABLE public.orders (
    city  text NOT NULL REFERENCES public.cities (city),
    no    integer NOT NULL,
    buyer text NOT NULL,
    PRIMARY KEY (city, no)
);
CREATE INDEX orders_by_shard ON public.orders (left(md5(city), 1), city);
ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.orders FORCE ROW LEVEL SECURITY;
CREATE POLICY own_shard ON public.orders
    USING (left(md5(city), 1) = left(md5(nullif(current_setting('ord.city', true), '')), 1))
    WITH CHECK (left(md5(city), 1) = left(md5(nullif(current_setting('ord.city', true), '')), 1));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.orders TO c_policy_shard_of_md5;
INSERT INTO public.cities VALUES ('lima'), ('cusco');
INSERT INTO public.orders VALUES ('lima', 1, 'Rosa'), ('cusco', 1, 'Teo'), ('cusco', 2, 'Uma');
