-- Fixed-width char keys of full length, compared with the raw setting

CREATE ROLE c_clean_fixed_width_code LOGIN PASSWORD 'c_clean_fixed_width_code';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.airports (
    code char(4) PRIMARY KEY CHECK (code ~ '^[A-Z0-9]{4}$'),
    name text NOT NULL
);
CREATE TABLE public.stations (
    airport char(4) NOT NULL REFERENCES public.airports (code),
    station varchar(20) NOT NULL,
    PRIMARY KEY (airport, station)
);
CREATE TABLE public.readings (
    airport varchar(4) NOT NULL REFERENCES public.airports (code),
    station varchar(20) NOT NULL,
    at      timestamptz NOT NULL,
    value   real NOT NULL,
    PRIMARY KEY (airport, station, at)
);
CREATE TABLE public.alarms (
    airport text COLLATE "C" NOT NULL,
    id      uuid NOT NULL DEFAULT gen_random_uuid(),
    level   smallint NOT NULL,
    PRIMARY KEY (airport, id)
);
ALTER TABLE public.airports ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.stations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.readings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.alarms ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON public.airports USING (code = current_setting('app.airport', true));
CREATE POLICY own ON public.stations USING (airport::text = current_setting('app.airport', true));
CREATE POLICY own ON public.readings USING (airport = current_setting('app.airport', true)::varchar);
CREATE POLICY own ON public.alarms USING (airport = current_setting('app.airport', true) COLLATE "C");

GRANT SELECT ON public.airports, public.stations TO c_clean_fixed_width_code;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.readings, public.alarms TO c_clean_fixed_width_code;

INSERT INTO public.airports VALUES ('KX01', 'Northfield'), ('KX02', 'Saltmarsh');
INSERT INTO public.stations VALUES ('KX01', 'tower'), ('KX02', 'tower'), ('KX02', 'apron');
INSERT INTO public.readings VALUES ('KX01', 'tower', '2025-01-01', 3), ('KX02', 'tower', '2025-01-01', 44);
INSERT INTO public.alarms (airport, level) VALUES ('KX01', 1), ('KX02', 5);
