-- A definer function without a filter, owned by a service role that the policies bind

CREATE ROLE c_clean_definer_owner_policed_svc NOLOGIN;
CREATE ROLE c_clean_definer_owner_policed_owner NOLOGIN;
CREATE ROLE c_clean_definer_owner_policed LOGIN PASSWORD 'c_clean_definer_owner_policed';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA svc;
GRANT USAGE ON SCHEMA svc TO c_clean_definer_owner_policed, c_clean_definer_owner_policed_svc;

CREATE TABLE public.forwarders (
    id   bigint PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.shipments (
    forwarder_id bigint NOT NULL REFERENCES public.forwarders (id),
    waybill      text NOT NULL,
    place        text NOT NULL,
    PRIMARY KEY (forwarder_id, waybill)
);
ALTER TABLE public.forwarders OWNER TO c_clean_definer_owner_policed_owner;
ALTER TABLE public.shipments OWNER TO c_clean_definer_owner_policed_owner;
ALTER TABLE public.forwarders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.shipments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON public.forwarders USING (id = NULLIF(current_setting('app.forwarder', true), '')::bigint);
CREATE POLICY guard ON public.shipments AS RESTRICTIVE
    USING (forwarder_id = NULLIF(current_setting('app.forwarder', true), '')::bigint);
CREATE POLICY svc_works ON public.shipments TO c_clean_definer_owner_policed_svc USING (true) WITH CHECK (place <> '');
GRANT SELECT, UPDATE (place) ON public.shipments TO c_clean_definer_owner_policed_svc;

CREATE FUNCTION svc.list_shipments(p_like text DEFAULT '%') RETURNS SETOF public.shipments
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
    'SELECT s.* FROM public.shipments s WHERE s.waybill LIKE p_like';
CREATE FUNCTION svc.move_all(p_place text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    v_n bigint;
BEGIN
    UPDATE public.shipments SET place = p_place;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    RETURN v_n;
END $$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA svc FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA svc TO c_clean_definer_owner_policed;
GRANT CREATE ON SCHEMA svc TO c_clean_definer_owner_policed_svc;
ALTER FUNCTION svc.list_shipments(text) OWNER TO c_clean_definer_owner_policed_svc;
ALTER FUNCTION svc.move_all(text) OWNER TO c_clean_definer_owner_policed_svc;
REVOKE CREATE ON SCHEMA svc FROM c_clean_definer_owner_policed_svc;
GRANT SELECT ON public.forwarders TO c_clean_definer_owner_policed;

INSERT INTO public.forwarders VALUES (301, 'Vole Lines'), (302, 'Wasp Cargo');
INSERT INTO public.shipments VALUES (301, 'W1', 'Hull'), (302, 'W1', 'Izmir'), (302, 'W2', 'Kobe');
