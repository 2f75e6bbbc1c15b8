-- The policy's helper remembers the last tenant for the whole session

CREATE ROLE c_context_remembered_in_session LOGIN PASSWORD 'c_context_remembered_in_session';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.farms (
    farm bigint PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.harvests (
    farm    bigint NOT NULL REFERENCES public.farms (farm),
    season  integer NOT NULL,
    tonnes  numeric NOT NULL,
    buyer   text NOT NULL,
    PRIMARY KEY (farm, season)
);
-- Jobs that forget the setting go on with the farm that the session worked for.
CREATE FUNCTION public.current_farm() RETURNS bigint LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v text := nullif(current_setting('agri.farm', true), '');
BEGIN
    IF v IS NULL THEN
        v := nullif(current_setting('agri.last_farm', true), '');
    ELSE
        PERFORM set_config('agri.last_farm', v, false);      -- the hole: true
    END IF;
    RETURN v::bigint;
END $$;
ALTER TABLE public.farms ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.harvests ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON public.farms USING (farm = nullif(current_setting('agri.farm', true), '')::bigint);
CREATE POLICY own ON public.harvests
    USING (farm = (SELECT public.current_farm()))
    WITH CHECK (farm = (SELECT public.current_farm()));
GRANT SELECT ON public.farms TO c_context_remembered_in_session;
GRANT SELECT, INSERT ON public.harvests TO c_context_remembered_in_session;

INSERT INTO public.farms VALUES (301, 'Aune'), (302, 'Bakke');
INSERT INTO public.harvests VALUES (301, 2024, 12.5, 'Mill of Lom'), (302, 2024, 40, 'Secret Brewery'), (302, 2025, 44, 'Secret Brewery');
