-- The same equality spelt as IN, ANY, BETWEEN, two bounds and a row

CREATE ROLE c_clean_equality_spellings LOGIN PASSWORD 'c_clean_equality_spellings';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.depots (
    id     integer PRIMARY KEY,
    region text NOT NULL
);
CREATE TABLE public.trucks (
    depot_id integer NOT NULL REFERENCES public.depots (id),
    plate    text NOT NULL,
    PRIMARY KEY (depot_id, plate)
);
CREATE TABLE public.drivers (
    depot_id integer NOT NULL REFERENCES public.depots (id),
    badge    text NOT NULL,
    region   text NOT NULL,
    PRIMARY KEY (depot_id, badge)
);
CREATE TABLE public.trips (
    depot_id integer NOT NULL,
    plate    text NOT NULL,
    day      date NOT NULL,
    km       integer NOT NULL,
    PRIMARY KEY (depot_id, plate, day),
    FOREIGN KEY (depot_id, plate) REFERENCES public.trucks (depot_id, plate)
);
CREATE TABLE public.stops (
    depot_id integer NOT NULL,
    plate    text NOT NULL,
    day      date NOT NULL,
    n        smallint NOT NULL,
    address  text NOT NULL,
    PRIMARY KEY (depot_id, plate, day, n),
    FOREIGN KEY (depot_id, plate, day) REFERENCES public.trips (depot_id, plate, day) ON DELETE CASCADE
);
ALTER TABLE public.depots ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.trucks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.drivers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.trips ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.stops ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY here ON public.depots
    USING (id IN (NULLIF(current_setting('fleet.depot', true), '')::int));
CREATE POLICY here ON public.trucks
    USING (depot_id = ANY (ARRAY[NULLIF(current_setting('fleet.depot', true), '')::int]));
CREATE POLICY here ON public.trips
    USING (depot_id BETWEEN NULLIF(current_setting('fleet.depot', true), '')::int
                        AND NULLIF(current_setting('fleet.depot', true), '')::int);
CREATE POLICY here ON public.stops
    USING (depot_id >= NULLIF(current_setting('fleet.depot', true), '')::int
       AND NULLIF(current_setting('fleet.depot', true), '')::int >= depot_id);
-- A depot's drivers, of the region that the dispatcher works in.
CREATE POLICY here ON public.drivers
    USING ((depot_id, region) = (NULLIF(current_setting('fleet.depot', true), '')::int, current_setting('fleet.region', true)))
    WITH CHECK (ROW(depot_id) IN (SELECT NULLIF(current_setting('fleet.depot', true), '')::int));

GRANT SELECT ON public.depots TO c_clean_equality_spellings;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.trucks, public.drivers, public.trips, public.stops TO c_clean_equality_spellings;

INSERT INTO public.depots VALUES (12, 'north'), (112, 'south');
INSERT INTO public.trucks VALUES (12, 'AA-1'), (112, 'BB-1'), (112, 'BB-2');
INSERT INTO public.drivers VALUES (12, 'd1', 'north'), (112, 'd1', 'north'), (112, 'd2', 'south');
INSERT INTO public.trips VALUES (12, 'AA-1', '2025-01-07', 200), (112, 'BB-1', '2025-01-07', 550);
INSERT INTO public.stops VALUES (12, 'AA-1', '2025-01-07', 1, 'Pier 4'), (112, 'BB-1', '2025-01-07', 1, 'Vault 9');
