-- A trigger fills the tenant only when the client left it out

CREATE ROLE c_key_trigger_only_when_null LOGIN PASSWORD 'c_key_trigger_only_when_null';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.plants (
    plant text PRIMARY KEY,
    town  text NOT NULL
);
CREATE TABLE public.measurements (
    plant  text NOT NULL REFERENCES public.plants (plant) ON DELETE CASCADE,
    id     uuid NOT NULL DEFAULT gen_random_uuid(),
    sensor text NOT NULL,
    value  double precision NOT NULL,
    PRIMARY KEY (plant, id)
);
CREATE FUNCTION public.fill_plant() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog
    AS $$
BEGIN
    NEW.plant := coalesce(NEW.plant, current_setting('mes.plant', true));        -- the hole: coalesce
    RETURN NEW;
END $$;
CREATE TRIGGER fill_plant BEFORE INSERT ON public.measurements FOR EACH ROW EXECUTE FUNCTION public.fill_plant();

ALTER TABLE public.measurements ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.measurements FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON public.measurements FOR SELECT USING (plant = current_setting('mes.plant', true));
CREATE POLICY writers ON public.measurements FOR INSERT WITH CHECK (true);
GRANT SELECT, INSERT ON public.measurements TO c_key_trigger_only_when_null;

INSERT INTO public.plants VALUES ('plant-1', 'Turin'), ('plant-2', 'Graz');
INSERT INTO public.measurements (plant, sensor, value) VALUES ('plant-1', 't1', 21), ('plant-2', 't1', 90);
