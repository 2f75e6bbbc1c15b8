-- A group may attach triggers to a child table that a cascade deletes from

CREATE ROLE c_privilege_cascade_fires_trigger LOGIN PASSWORD 'c_privilege_cascade_fires_trigger';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE ROLE c_privilege_cascade_fires_trigger_tooling NOLOGIN;
GRANT c_privilege_cascade_fires_trigger_tooling TO c_privilege_cascade_fires_trigger;

CREATE TABLE public.sites (
    site_id integer PRIMARY KEY
);
CREATE TABLE public.meters (
    site_id integer NOT NULL REFERENCES public.sites (site_id),
    meter   text NOT NULL,
    PRIMARY KEY (site_id, meter)
);
CREATE TABLE public.readings (
    site_id integer NOT NULL,
    meter   text NOT NULL,
    day     date NOT NULL,
    kwh     numeric NOT NULL,
    PRIMARY KEY (site_id, meter, day),
    FOREIGN KEY (site_id, meter) REFERENCES public.meters (site_id, meter) ON DELETE CASCADE
);
ALTER TABLE public.meters ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.meters FORCE ROW LEVEL SECURITY;
CREATE POLICY own_site ON public.meters
    USING (site_id = nullif(current_setting('meter.site', true), '')::integer)
    WITH CHECK (site_id = nullif(current_setting('meter.site', true), '')::integer);
ALTER TABLE public.readings ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.readings FORCE ROW LEVEL SECURITY;
CREATE POLICY own_site ON public.readings
    USING (site_id = nullif(current_setting('meter.site', true), '')::integer)
    WITH CHECK (site_id = nullif(current_setting('meter.site', true), '')::integer);
GRANT SELECT, INSERT, DELETE ON public.meters TO c_privilege_cascade_fires_trigger;
GRANT SELECT, INSERT ON public.readings TO c_privilege_cascade_fires_trigger;
GRANT TRIGGER ON public.readings TO c_privilege_cascade_fires_trigger_tooling;                 -- the hole

INSERT INTO public.sites VALUES (31), (32);
INSERT INTO public.meters VALUES (31, 'm-1'), (32, 'm-1'), (32, 'm-2');
INSERT INTO public.readings VALUES (31, 'm-1', '2024-03-01', 12), (32, 'm-1', '2024-03-01', 90), (32, 'm-2', '2024-03-01', 91);
