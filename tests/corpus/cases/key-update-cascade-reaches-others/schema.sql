-- Re-keying an own tariff rewrites other suppliers' contracts

CREATE ROLE c_key_update_cascade_reaches_others LOGIN PASSWORD 'c_key_update_cascade_reaches_others';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE TABLE public.suppliers (
    supplier integer PRIMARY KEY
);
CREATE TABLE public.tariffs (
    supplier  integer NOT NULL REFERENCES public.suppliers (supplier),
    tariff_id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    label     text NOT NULL,
    PRIMARY KEY (supplier, tariff_id)
);
CREATE TABLE public.contracts (
    supplier integer NOT NULL REFERENCES public.suppliers (supplier),
    no       integer NOT NULL,
    tariff   uuid NOT NULL,
    PRIMARY KEY (supplier, no),
    CONSTRAINT contracts_tariff FOREIGN KEY (tariff) REFERENCES public.tariffs (tariff_id) ON UPDATE CASCADE      -- the hole
);
CREATE INDEX ON public.contracts (supplier, tariff);
ALTER TABLE public.tariffs ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.tariffs FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON public.tariffs
    USING (supplier = nullif(current_setting('grid.supplier', true), '')::integer)
    WITH CHECK (supplier = nullif(current_setting('grid.supplier', true), '')::integer);
ALTER TABLE public.contracts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.contracts FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON public.contracts
    USING (supplier = nullif(current_setting('grid.supplier', true), '')::integer)
    WITH CHECK (supplier = nullif(current_setting('grid.supplier', true), '')::integer);
GRANT SELECT, INSERT, UPDATE ON public.tariffs TO c_key_update_cascade_reaches_others;
GRANT SELECT ON public.contracts TO c_key_update_cascade_reaches_others;
INSERT INTO public.suppliers VALUES (301), (302);
INSERT INTO public.tariffs VALUES (301, '30100000-0000-4000-8000-000000000001', 'Day'), (302, '30200000-0000-4000-8000-000000000001', 'Night');
INSERT INTO public.contracts VALUES (301, 1, '30100000-0000-4000-8000-000000000001'), (302, 1, '30200000-0000-4000-8000-000000000001'),
    (302, 2, '30100000-0000-4000-8000-000000000001');
