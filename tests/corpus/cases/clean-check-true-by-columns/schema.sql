-- WITH CHECK (true), and a key that no column grant lets the application update

CREATE ROLE c_clean_check_true_by_columns LOGIN PASSWORD 'c_clean_check_true_by_columns';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.fleets (
    id    integer PRIMARY KEY,
    name  text NOT NULL,
    token text NOT NULL
);
CREATE TABLE public.devices (
    fleet_id integer NOT NULL REFERENCES public.fleets (id),
    serial   text NOT NULL,
    label    text NOT NULL,
    seen     timestamptz,
    PRIMARY KEY (fleet_id, serial)
);
ALTER TABLE public.fleets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.devices ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY f ON public.fleets FOR SELECT USING (id = NULLIF(current_setting('iot.fleet', true), '')::int);
CREATE POLICY f_read ON public.devices FOR SELECT USING (fleet_id = NULLIF(current_setting('iot.fleet', true), '')::int);
CREATE POLICY f_add ON public.devices FOR INSERT WITH CHECK (fleet_id = NULLIF(current_setting('iot.fleet', true), '')::int);
CREATE POLICY f_edit ON public.devices FOR UPDATE
    USING (fleet_id = NULLIF(current_setting('iot.fleet', true), '')::int) WITH CHECK (true);

-- Everybody may see the public columns of what the policies leave; the token nobody.
GRANT SELECT (id, name) ON public.fleets TO PUBLIC;
GRANT SELECT, INSERT ON public.devices TO c_clean_check_true_by_columns;
GRANT UPDATE (label, seen) ON public.devices TO c_clean_check_true_by_columns;

INSERT INTO public.fleets VALUES (91, 'Moss', 'tok-a'), (92, 'Nectar', 'tok-b');
INSERT INTO public.devices VALUES (91, 's1', 'gate', NULL), (92, 's1', 'vault', NULL), (92, 's2', 'roof', NULL);
