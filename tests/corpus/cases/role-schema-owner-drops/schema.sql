-- Three SET ROLE steps away is the owner of the schema

REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE ROLE c_role_schema_owner_drops LOGIN NOINHERIT PASSWORD 'c_role_schema_owner_drops';
CREATE ROLE c_role_schema_owner_drops_a NOLOGIN NOINHERIT;
CREATE ROLE c_role_schema_owner_drops_b NOLOGIN NOINHERIT;
CREATE ROLE c_role_schema_owner_drops_c NOLOGIN;
GRANT c_role_schema_owner_drops_c TO c_role_schema_owner_drops_b;
GRANT c_role_schema_owner_drops_b TO c_role_schema_owner_drops_a;
GRANT c_role_schema_owner_drops_a TO c_role_schema_owner_drops;                                            -- the hole

CREATE SCHEMA depot AUTHORIZATION c_role_schema_owner_drops_c;
CREATE TABLE depot.hauliers (
    haulier bigint PRIMARY KEY
);
CREATE TABLE depot.loads (
    haulier bigint NOT NULL REFERENCES depot.hauliers (haulier) ON DELETE CASCADE,
    load_no text NOT NULL,
    tons    numeric(8,2) NOT NULL,
    PRIMARY KEY (haulier, load_no)
);
ALTER TABLE depot.loads ENABLE ROW LEVEL SECURITY;
ALTER TABLE depot.loads FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON depot.loads
    USING (haulier = nullif(current_setting('depot.haulier', true), '')::bigint)
    WITH CHECK (haulier = nullif(current_setting('depot.haulier', true), '')::bigint);
GRANT USAGE ON SCHEMA depot TO c_role_schema_owner_drops;
GRANT SELECT, INSERT, UPDATE, DELETE ON depot.loads TO c_role_schema_owner_drops;

INSERT INTO depot.hauliers VALUES (640), (641);
INSERT INTO depot.loads VALUES (640, 'x', 1), (641, 'x', 22), (641, 'y', 23);
