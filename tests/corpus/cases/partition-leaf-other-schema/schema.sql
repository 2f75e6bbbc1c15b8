-- The leaves of the second level lie in an archive schema that is granted as a whole

CREATE ROLE c_partition_leaf_other_schema LOGIN PASSWORD 'c_partition_leaf_other_schema';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA live;
CREATE SCHEMA archive;
CREATE TABLE live.orgs (
    org_id bigint PRIMARY KEY,
    name   text NOT NULL
);
CREATE TABLE live.events (
    org_id bigint NOT NULL REFERENCES live.orgs (org_id) ON DELETE CASCADE,
    at     date NOT NULL,
    seq    integer NOT NULL,
    what   text NOT NULL,
    PRIMARY KEY (org_id, at, seq)
) PARTITION BY RANGE (at);
CREATE TABLE live.events_2023 PARTITION OF live.events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01') PARTITION BY RANGE (at);
CREATE TABLE live.events_2024 PARTITION OF live.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE archive.events_2023_q1 PARTITION OF live.events_2023 FOR VALUES FROM ('2023-01-01') TO ('2023-04-01');
CREATE TABLE archive.events_2023_q2 PARTITION OF live.events_2023 FOR VALUES FROM ('2023-04-01') TO ('2023-07-01');

ALTER TABLE live.events ENABLE ROW LEVEL SECURITY;
ALTER TABLE live.events FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON live.events
    USING (org_id = nullif(current_setting('app.org_id', true), '')::bigint)
    WITH CHECK (org_id = nullif(current_setting('app.org_id', true), '')::bigint);
ALTER TABLE live.events_2023 ENABLE ROW LEVEL SECURITY;
ALTER TABLE live.events_2023 FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON live.events_2023
    USING (org_id = nullif(current_setting('app.org_id', true), '')::bigint)
    WITH CHECK (org_id = nullif(current_setting('app.org_id', true), '')::bigint);
ALTER TABLE live.events_2024 ENABLE ROW LEVEL SECURITY;
ALTER TABLE live.events_2024 FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON live.events_2024
    USING (org_id = nullif(current_setting('app.org_id', true), '')::bigint)
    WITH CHECK (org_id = nullif(current_setting('app.org_id', true), '')::bigint);
-- The hole: events_2023_q1 was forgotten.
ALTER TABLE archive.events_2023_q2 ENABLE ROW LEVEL SECURITY;
ALTER TABLE archive.events_2023_q2 FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON archive.events_2023_q2
    USING (org_id = nullif(current_setting('app.org_id', true), '')::bigint)
    WITH CHECK (org_id = nullif(current_setting('app.org_id', true), '')::bigint);

GRANT USAGE ON SCHEMA live, archive TO c_partition_leaf_other_schema;
GRANT SELECT, INSERT ON live.events TO c_partition_leaf_other_schema;
GRANT SELECT ON ALL TABLES IN SCHEMA archive TO c_partition_leaf_other_schema;

INSERT INTO live.orgs VALUES (101, 'Quill'), (102, 'Reed');
INSERT INTO live.events VALUES (101, '2023-02-01', 1, 'login'), (102, '2023-02-01', 1, 'wire 9000'), (102, '2023-02-02', 1, 'fired CFO'),
    (102, '2023-05-01', 1, 'login'), (102, '2024-01-01', 1, 'login');
