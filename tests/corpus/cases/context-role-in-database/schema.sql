-- The application gets a tenant by ALTER ROLE ... IN DATABASE

CREATE ROLE c_context_role_in_database LOGIN PASSWORD 'c_context_role_in_database';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.shops (
    shop integer PRIMARY KEY,
    city text NOT NULL
);
CREATE TABLE public.receipts (
    shop  integer NOT NULL REFERENCES public.shops (shop) ON DELETE CASCADE,
    no    integer NOT NULL,
    total numeric(9,2) NOT NULL,
    PRIMARY KEY (shop, no)
);
ALTER TABLE public.receipts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.receipts FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.receipts
    USING (shop = nullif(current_setting('pos.shop', true), '')::integer)
    WITH CHECK (shop = nullif(current_setting('pos.shop', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON public.receipts TO c_context_role_in_database;

-- The hole.
DO $$ BEGIN EXECUTE format('ALTER ROLE c_context_role_in_database IN DATABASE %I SET pos.shop = %L', current_database(), '16'); END $$;

INSERT INTO public.shops VALUES (15, 'Nice'), (16, 'Metz');
INSERT INTO public.receipts VALUES (15, 1, 10), (16, 1, 99), (16, 2, 98);
