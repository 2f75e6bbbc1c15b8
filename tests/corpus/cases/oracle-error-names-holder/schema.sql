-- A trigger's error message says who holds the serial number

CREATE ROLE c_oracle_error_names_holder LOGIN PASSWORD 'c_oracle_error_names_holder';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.tenants (
    tenant_id bigint PRIMARY KEY,
    name      text NOT NULL
);
CREATE TABLE public.devices (
    tenant_id bigint NOT NULL REFERENCES public.tenants (tenant_id) ON DELETE CASCADE,
    serial    text NOT NULL,
    site      text NOT NULL,
    PRIMARY KEY (tenant_id, serial)
);
ALTER TABLE public.devices ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.devices FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.devices
    USING (tenant_id = nullif(current_setting('iot.tenant', true), '')::bigint)
    WITH CHECK (tenant_id = nullif(current_setting('iot.tenant', true), '')::bigint);

CREATE FUNCTION public.refuse_duplicate() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE other record;
BEGIN
    SELECT t.name, d.site INTO other FROM public.devices d JOIN public.tenants t USING (tenant_id)
        WHERE d.serial = NEW.serial AND d.tenant_id <> NEW.tenant_id;                         -- the hole
    IF FOUND THEN
        RAISE EXCEPTION 'device % is already installed at %, %', NEW.serial, other.name, other.site;
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION public.refuse_duplicate() FROM PUBLIC;
CREATE TRIGGER refuse_duplicate BEFORE INSERT ON public.devices FOR EACH ROW EXECUTE FUNCTION public.refuse_duplicate();
GRANT SELECT, INSERT, UPDATE, DELETE ON public.devices TO c_oracle_error_names_holder;

INSERT INTO public.tenants VALUES (1201, 'Arrow Rail'), (1202, 'Bolt Mining');
INSERT INTO public.devices VALUES (1201, 'SN-1', 'Depot 4'), (1202, 'SN-77', 'Shaft 9');
