-- Paths of regions are compared with the overlap operator

CREATE ROLE c_policy_array_overlap LOGIN PASSWORD 'c_policy_array_overlap';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE TABLE public.regions (
    region text PRIMARY KEY
);
CREATE TABLE public.inspections (
    region text NOT NULL REFERENCES public.regions (region),
    no     integer NOT NULL,
    result text NOT NULL,
    PRIMARY KEY (region, no)
);
ALTER TABLE public.inspections ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.inspections FORCE ROW LEVEL SECURITY;
CREATE POLICY own_region ON public.inspections
    USING (string_to_array(region, '.') && string_to_array(nullif(current_setting('insp.region', true), ''), '.'))
    WITH CHECK (string_to_array(region, '.') && string_to_array(nullif(current_setting('insp.region', true), ''), '.'));
ALTER TABLE public.regions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.regions FORCE ROW LEVEL SECURITY;
CREATE POLICY self ON public.regions
    USING (region = current_setting('insp.region', true))
    WITH CHECK (region = current_setting('insp.region', true));
GRANT SELECT ON public.regions TO c_policy_array_overlap;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.inspections TO c_policy_array_overlap;
INSERT INTO public.regions VALUES ('eu.north'), ('eu.south'), ('us');
INSERT INTO public.inspections VALUES ('eu.north', 1, 'ok'), ('eu.south', 1, 'mould'), ('us', 1, 'ok');
