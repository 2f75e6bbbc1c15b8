-- A monitoring group may call pg_read_binary_file()

CREATE ROLE c_privilege_read_binary_file LOGIN PASSWORD 'c_privilege_read_binary_file';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE ROLE c_privilege_read_binary_file_monitoring NOLOGIN;
GRANT c_privilege_read_binary_file_monitoring TO c_privilege_read_binary_file;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_binary_file(text) TO c_privilege_read_binary_file_monitoring;      -- the hole
CREATE SCHEMA emr;
CREATE TABLE emr.clinics (
    clinic uuid PRIMARY KEY
);
CREATE TABLE emr.findings (
    clinic  uuid NOT NULL REFERENCES emr.clinics (clinic),
    no      integer NOT NULL,
    finding text NOT NULL,
    PRIMARY KEY (clinic, no)
);
ALTER TABLE emr.findings ENABLE ROW LEVEL SECURITY;
ALTER TABLE emr.findings FORCE ROW LEVEL SECURITY;
CREATE POLICY own_clinic ON emr.findings
    USING (clinic = nullif(current_setting('emr.clinic', true), '')::uuid)
    WITH CHECK (clinic = nullif(current_setting('emr.clinic', true), '')::uuid);
GRANT USAGE ON SCHEMA emr TO c_privilege_read_binary_file;
GRANT SELECT, INSERT, UPDATE, DELETE ON emr.findings TO c_privilege_read_binary_file;
INSERT INTO emr.clinics VALUES ('a5000000-0000-4000-8000-000000000001'), ('b5000000-0000-4000-8000-000000000002');
INSERT INTO emr.findings VALUES ('a5000000-0000-4000-8000-000000000001', 1, 'cold'), ('b5000000-0000-4000-8000-000000000002', 1, 'XSECRETX fracture');
CHECKPOINT;
