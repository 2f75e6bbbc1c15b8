-- A report view reads one partition instead of the table

REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE ROLE c_view_over_partition LOGIN PASSWORD 'c_view_over_partition';
CREATE ROLE c_view_over_partition_reports NOLOGIN;
CREATE SCHEMA agri;
CREATE SCHEMA reporting;
CREATE TABLE agri.farms (
    farm_id integer PRIMARY KEY,
    name    text NOT NULL
);
CREATE TABLE agri.readings (
    farm_id integer NOT NULL REFERENCES agri.farms (farm_id) ON DELETE CASCADE,
    at      date NOT NULL,
    probe   text NOT NULL,
    ph      numeric(4,2) NOT NULL,
    PRIMARY KEY (farm_id, at, probe)
) PARTITION BY RANGE (at);
CREATE TABLE agri.readings_2024 PARTITION OF agri.readings FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE agri.readings_2025 PARTITION OF agri.readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
ALTER TABLE agri.readings ENABLE ROW LEVEL SECURITY;
ALTER TABLE agri.readings FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON agri.readings
    USING (farm_id = nullif(current_setting('agri.farm', true), '')::integer)
    WITH CHECK (farm_id = nullif(current_setting('agri.farm', true), '')::integer);

GRANT USAGE ON SCHEMA agri, reporting TO c_view_over_partition, c_view_over_partition_reports;
GRANT SELECT ON agri.readings, agri.readings_2025 TO c_view_over_partition_reports;
CREATE VIEW reporting.readings_all AS SELECT farm_id, at, probe, ph FROM agri.readings;
CREATE VIEW reporting.readings_hot AS SELECT farm_id, at, probe, ph FROM agri.readings_2025;     -- the hole
ALTER VIEW reporting.readings_all OWNER TO c_view_over_partition_reports;
ALTER VIEW reporting.readings_hot OWNER TO c_view_over_partition_reports;
GRANT SELECT ON reporting.readings_all, reporting.readings_hot TO c_view_over_partition;
GRANT SELECT, INSERT ON agri.readings TO c_view_over_partition;

INSERT INTO agri.farms VALUES (81, 'Hill'), (82, 'Dale');
INSERT INTO agri.readings VALUES (81, '2025-03-01', 'p1', 6.5), (82, '2025-03-01', 'p1', 5.1), (82, '2024-03-01', 'p1', 5.3);
