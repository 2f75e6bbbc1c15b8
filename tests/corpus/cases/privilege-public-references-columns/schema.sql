-- REFERENCES on two columns was granted to PUBLIC for a plug-in's tables

CREATE ROLE c_privilege_public_references_columns LOGIN PASSWORD 'c_privilege_public_references_columns';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA fleet;
CREATE SCHEMA plugins;
CREATE TABLE fleet.orgs (
    org_code text PRIMARY KEY
);
CREATE TABLE fleet.vehicles (
    org_code text NOT NULL REFERENCES fleet.orgs (org_code),
    plate    text NOT NULL,
    model    text NOT NULL,
    PRIMARY KEY (org_code, plate)
);
CREATE TABLE fleet.trips (
    org_code text NOT NULL,
    plate    text NOT NULL,
    trip_no  integer NOT NULL,
    km       integer NOT NULL,
    PRIMARY KEY (org_code, plate, trip_no),
    FOREIGN KEY (org_code, plate) REFERENCES fleet.vehicles (org_code, plate)
);
ALTER TABLE fleet.vehicles ENABLE ROW LEVEL SECURITY;
ALTER TABLE fleet.vehicles FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON fleet.vehicles
    USING (org_code = current_setting('fleet.org', true))
    WITH CHECK (org_code = current_setting('fleet.org', true));
ALTER TABLE fleet.trips ENABLE ROW LEVEL SECURITY;
ALTER TABLE fleet.trips FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON fleet.trips
    USING (org_code = current_setting('fleet.org', true))
    WITH CHECK (org_code = current_setting('fleet.org', true));
GRANT USAGE ON SCHEMA fleet TO c_privilege_public_references_columns;
GRANT USAGE, CREATE ON SCHEMA plugins TO c_privilege_public_references_columns;
GRANT SELECT, INSERT, UPDATE ON fleet.vehicles TO c_privilege_public_references_columns;
GRANT SELECT, INSERT ON fleet.trips TO c_privilege_public_references_columns;
GRANT REFERENCES (org_code, plate) ON fleet.vehicles TO PUBLIC;      -- the hole
INSERT INTO fleet.orgs VALUES ('alp'), ('sud');
INSERT INTO fleet.vehicles VALUES ('alp', 'B-100', 'Caddy'), ('sud', 'M-777', 'Sprinter');
INSERT INTO fleet.trips VALUES ('alp', 'B-100', 1, 12), ('sud', 'M-777', 1, 480);
