-- Five stacked views: invoker over barrier over invoker, by different owners

CREATE ROLE c_clean_invoker_over_barrier_bi NOLOGIN;
CREATE ROLE c_clean_invoker_over_barrier LOGIN PASSWORD 'c_clean_invoker_over_barrier';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA ops;
CREATE SCHEMA report;
GRANT USAGE ON SCHEMA ops, report TO c_clean_invoker_over_barrier, c_clean_invoker_over_barrier_bi;

CREATE TABLE ops.branches (
    branch text PRIMARY KEY,
    boss   text NOT NULL
);
CREATE TABLE ops.jobs (
    branch text NOT NULL REFERENCES ops.branches (branch),
    no     integer NOT NULL,
    opened date NOT NULL,
    closed date,
    margin integer NOT NULL,
    PRIMARY KEY (branch, no)
);
CREATE TABLE ops.parts (
    branch text NOT NULL,
    job_no integer NOT NULL,
    part   text NOT NULL,
    PRIMARY KEY (branch, job_no, part),
    FOREIGN KEY (branch, job_no) REFERENCES ops.jobs (branch, no)
);
ALTER TABLE ops.branches ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE ops.jobs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE ops.parts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY b ON ops.branches USING (branch = NULLIF(current_setting('app.branch', true), ''));
CREATE POLICY b ON ops.jobs USING (branch = NULLIF(current_setting('app.branch', true), ''));
CREATE POLICY b ON ops.parts TO c_clean_invoker_over_barrier USING (branch = NULLIF(current_setting('app.branch', true), ''));

-- Hides the margin: runs as its owner, a superuser, and filters for itself.
CREATE VIEW ops.job_public WITH (security_barrier = true) AS
    SELECT j.branch, j.no, j.opened, j.closed FROM ops.jobs j
    WHERE j.branch = NULLIF(current_setting('app.branch', true), '');
CREATE VIEW report.job_age WITH (security_invoker = on) AS
    SELECT p.branch, p.no, p.closed, current_date - p.opened AS days FROM ops.job_public p;
-- Owned by a reporting role that no policy names on parts, and that has no rights beyond this chain.
CREATE VIEW report.open_jobs AS
    SELECT a.branch, a.no, a.days FROM report.job_age a WHERE a.closed IS NULL;
CREATE VIEW report.parts_used WITH (security_invoker) AS
    SELECT x.branch, x.job_no, count(*) AS parts FROM ops.parts x GROUP BY x.branch, x.job_no;
CREATE VIEW report.dashboard WITH (security_invoker = 1) AS
    SELECT o.branch, o.no, o.days, coalesce(u.parts, 0) AS parts
    FROM report.open_jobs o LEFT JOIN report.parts_used u ON (u.branch, u.job_no) = (o.branch, o.no);
GRANT SELECT ON report.job_age, ops.job_public TO c_clean_invoker_over_barrier_bi;
ALTER VIEW report.open_jobs OWNER TO c_clean_invoker_over_barrier_bi;

GRANT SELECT ON ops.branches, ops.job_public, ops.parts TO c_clean_invoker_over_barrier;
GRANT SELECT ON report.job_age, report.open_jobs, report.parts_used, report.dashboard TO c_clean_invoker_over_barrier;

INSERT INTO ops.branches VALUES ('plumb-east', 'Nell'), ('plumb-west', 'Odo');
INSERT INTO ops.jobs VALUES ('plumb-east', 1, '2025-01-01', NULL, 10), ('plumb-west', 1, '2025-01-02', NULL, 60), ('plumb-west', 2, '2025-01-03', '2025-02-01', 70);
INSERT INTO ops.parts VALUES ('plumb-east', 1, 'valve'), ('plumb-west', 1, 'boiler'), ('plumb-west', 2, 'pump');
