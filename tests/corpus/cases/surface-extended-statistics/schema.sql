-- The contents of extended statistics are granted for monitoring

CREATE ROLE c_surface_extended_statistics LOGIN PASSWORD 'c_surface_extended_statistics';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.hospitals (
    hospital integer PRIMARY KEY
);
CREATE TABLE public.visits (
    hospital  integer NOT NULL REFERENCES public.hospitals (hospital) ON DELETE CASCADE,
    visit     integer NOT NULL,
    ward      text NOT NULL,
    diagnosis text NOT NULL,
    PRIMARY KEY (hospital, visit)
);
ALTER TABLE public.visits ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.visits FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.visits
    USING (hospital = nullif(current_setting('med.hospital', true), '')::integer)
    WITH CHECK (hospital = nullif(current_setting('med.hospital', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON public.visits TO c_surface_extended_statistics;
CREATE STATISTICS public.visits_ward_diagnosis (mcv) ON hospital, ward, diagnosis FROM public.visits;

INSERT INTO public.hospitals VALUES (21), (34);
INSERT INTO public.visits SELECT 21, n, 'east', 'flu' FROM generate_series(1, 40) n;
INSERT INTO public.visits SELECT 34, n, 'isolation', 'mrsa outbreak' FROM generate_series(1, 40) n;
ANALYZE public.visits;
GRANT SELECT ON pg_catalog.pg_statistic_ext_data TO c_surface_extended_statistics;        -- the hole
