-- The vendor's own organization is written into the policy and sees all

CREATE ROLE c_policy_house_org LOGIN PASSWORD 'c_policy_house_org';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.orgs (
    org_id integer PRIMARY KEY,
    name   text NOT NULL
);
CREATE TABLE public.devices (
    org_id integer NOT NULL REFERENCES public.orgs (org_id) ON DELETE CASCADE,
    serial text NOT NULL,
    secret text NOT NULL,
    PRIMARY KEY (org_id, serial)
);
CREATE TABLE public.readings (
    org_id integer NOT NULL,
    serial text NOT NULL,
    at     timestamptz NOT NULL,
    value  numeric NOT NULL,
    PRIMARY KEY (org_id, serial, at),
    FOREIGN KEY (org_id, serial) REFERENCES public.devices (org_id, serial) ON DELETE CASCADE
);

ALTER TABLE public.devices ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.devices FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_or_house ON public.devices
    USING (current_setting('iot.org_id', true) IN (org_id::text, '1'));      -- the hole: '1'
ALTER TABLE public.readings ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.readings FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.readings
    USING (current_setting('iot.org_id', true) IN (org_id::text))
    WITH CHECK (current_setting('iot.org_id', true) IN (org_id::text));

GRANT SELECT, INSERT, UPDATE, DELETE ON public.devices, public.readings TO c_policy_house_org;

INSERT INTO public.orgs VALUES (44, 'Harbor Cold Store'), (61, 'Dairy Ltd'), (73, 'Vaccine Hub'), (1, 'ThermoVendor');
INSERT INTO public.devices VALUES (44, 'T-900', 'k44'), (61, 'T-901', 'k61'), (73, 'T-902', 'k73'), (1, 'T-001', 'k1');
INSERT INTO public.readings VALUES (44, 'T-900', '2025-01-01', -18.2), (61, 'T-901', '2025-01-01', 4);
