-- Invoker functions, a procedure and dynamic SQL without any filter

CREATE ROLE c_clean_invoker_routines LOGIN PASSWORD 'c_clean_invoker_routines';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.agencies (
    id   bigint PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.trips (
    agency_id bigint NOT NULL REFERENCES public.agencies (id),
    code      text NOT NULL,
    price     integer NOT NULL,
    closed    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (agency_id, code)
);
ALTER TABLE public.agencies ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.trips ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY a ON public.agencies USING (id = NULLIF(current_setting('app.agency', true), '')::bigint);
CREATE POLICY a ON public.trips USING (agency_id = NULLIF(current_setting('app.agency', true), '')::bigint);

CREATE FUNCTION public.all_trips() RETURNS SETOF public.trips LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT t.agency_id, t.code, t.price, t.closed FROM public.trips t;
END;
CREATE FUNCTION public.count_rows(p_table regclass) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s', p_table) INTO v_n;
    RETURN v_n;
END $$;
-- For the report designer: whatever the user may run, no more.
CREATE FUNCTION public.run_report(p_where text) RETURNS SETOF public.trips LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY EXECUTE 'SELECT * FROM public.trips WHERE ' || p_where;
END $$;
CREATE PROCEDURE public.close_month() LANGUAGE sql AS 'UPDATE public.trips SET closed = true';
CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.code := upper(NEW.code);
    RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON public.trips FOR EACH ROW EXECUTE FUNCTION public.touch();

GRANT SELECT ON public.agencies TO c_clean_invoker_routines;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.trips TO c_clean_invoker_routines;

INSERT INTO public.agencies VALUES (801, 'Islet'), (802, 'Jetty');
INSERT INTO public.trips VALUES (801, 'OSL', 90), (802, 'ROM', 4400), (802, 'BER', 60);
