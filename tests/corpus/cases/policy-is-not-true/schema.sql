-- "Not another account's" is unknown, hence allowed, without a context

CREATE ROLE c_policy_is_not_true LOGIN PASSWORD 'c_policy_is_not_true';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.carriers (
    id    bigint PRIMARY KEY,
    title text NOT NULL
);
CREATE TABLE public.shipments (
    carrier_id  bigint NOT NULL REFERENCES public.carriers (id) ON DELETE CASCADE,
    waybill     text NOT NULL,
    destination text NOT NULL,
    PRIMARY KEY (carrier_id, waybill)
);
CREATE TABLE public.trucks (
    carrier_id bigint NOT NULL REFERENCES public.carriers (id) ON DELETE CASCADE,
    plate      text NOT NULL,
    PRIMARY KEY (carrier_id, plate)
);

ALTER TABLE public.carriers ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.carriers FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.carriers
    USING (id = nullif(current_setting('fleet.carrier', true), '')::bigint)
    WITH CHECK (id = nullif(current_setting('fleet.carrier', true), '')::bigint);
ALTER TABLE public.shipments ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.shipments FORCE ROW LEVEL SECURITY;
CREATE POLICY not_a_competitors ON public.shipments
    USING ((carrier_id <> nullif(current_setting('fleet.carrier', true), '')::bigint) IS NOT TRUE);   -- the hole
ALTER TABLE public.trucks ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.trucks FORCE ROW LEVEL SECURITY;
CREATE POLICY not_a_competitors ON public.trucks
    USING ((carrier_id <> nullif(current_setting('fleet.carrier', true), '')::bigint) IS FALSE);

GRANT SELECT ON public.carriers TO c_policy_is_not_true;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.shipments, public.trucks TO c_policy_is_not_true;

INSERT INTO public.carriers VALUES (7001, 'Northway'), (7002, 'Quayside');
INSERT INTO public.shipments VALUES (7001, 'N-1', 'Oslo'), (7002, 'Q-1', 'Lagos'), (7002, 'Q-2', 'Accra');
INSERT INTO public.trucks VALUES (7001, 'NW 100'), (7002, 'QS 200');
