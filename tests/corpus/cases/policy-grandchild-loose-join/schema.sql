-- The grandchild's policy joins its parents on the line number alone

CREATE ROLE c_policy_grandchild_loose_join LOGIN PASSWORD 'c_policy_grandchild_loose_join';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA wh;
CREATE TABLE wh.companies (
    company text PRIMARY KEY
);
CREATE TABLE wh.docks (
    dock_id uuid PRIMARY KEY,
    company text NOT NULL REFERENCES wh.companies (company) ON DELETE CASCADE,
    dock_no integer NOT NULL,
    UNIQUE (company, dock_no)
);
CREATE TABLE wh.pallets (
    pallet_id uuid PRIMARY KEY,
    dock_id   uuid NOT NULL REFERENCES wh.docks (dock_id) ON DELETE CASCADE,
    dock_no   integer NOT NULL
);
CREATE INDEX ON wh.pallets (dock_id);
CREATE TABLE wh.scans (
    scan_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    pallet_id uuid NOT NULL REFERENCES wh.pallets (pallet_id) ON DELETE CASCADE,
    item      text NOT NULL
);
CREATE INDEX ON wh.scans (pallet_id);

-- One function, so that the policy of the grandchild stays short.
CREATE FUNCTION wh.our_pallet(p uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT EXISTS (SELECT 1 FROM wh.pallets p0 JOIN wh.docks d USING (dock_no)     -- the hole: dock_id
                         WHERE p0.pallet_id = p AND d.company = current_setting('wh.company', true)) $$;
REVOKE EXECUTE ON FUNCTION wh.our_pallet(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION wh.our_pallet(uuid) TO c_policy_grandchild_loose_join;

ALTER TABLE wh.docks ENABLE ROW LEVEL SECURITY;
ALTER TABLE wh.docks FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON wh.docks
    USING (company = current_setting('wh.company', true))
    WITH CHECK (company = current_setting('wh.company', true));
ALTER TABLE wh.pallets ENABLE ROW LEVEL SECURITY;
ALTER TABLE wh.pallets FORCE ROW LEVEL SECURITY;
CREATE POLICY via_dock ON wh.pallets
    USING (EXISTS (SELECT 1 FROM wh.docks d WHERE d.dock_id = pallets.dock_id AND d.company = current_setting('wh.company', true)));
ALTER TABLE wh.scans ENABLE ROW LEVEL SECURITY;
ALTER TABLE wh.scans FORCE ROW LEVEL SECURITY;
CREATE POLICY via_pallet ON wh.scans
    USING (wh.our_pallet(pallet_id));

GRANT USAGE ON SCHEMA wh TO c_policy_grandchild_loose_join;
GRANT SELECT, INSERT, DELETE ON wh.docks, wh.pallets, wh.scans TO c_policy_grandchild_loose_join;

INSERT INTO wh.companies VALUES ('acorn'), ('bramble');
INSERT INTO wh.docks VALUES ('d0000000-0000-4000-8000-000000000001', 'acorn', 1), ('d0000000-0000-4000-8000-000000000002', 'bramble', 1);
INSERT INTO wh.pallets VALUES ('e0000000-0000-4000-8000-000000000001', 'd0000000-0000-4000-8000-000000000001', 1),
    ('e0000000-0000-4000-8000-000000000002', 'd0000000-0000-4000-8000-000000000002', 1);
INSERT INTO wh.scans (pallet_id, item) VALUES ('e0000000-0000-4000-8000-000000000001', 'acorns'),
    ('e0000000-0000-4000-8000-000000000002', 'berries'), ('e0000000-0000-4000-8000-000000000002', 'thorns');
