-- When the context is empty, the tenant is taken from application_name

CREATE ROLE c_context_application_name LOGIN PASSWORD 'c_context_application_name';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA jobs;
CREATE TABLE jobs.tenants (
    tenant text PRIMARY KEY
);
CREATE TABLE jobs.tasks (
    tenant text NOT NULL REFERENCES jobs.tenants (tenant) ON DELETE CASCADE,
    task   text NOT NULL,
    args   jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant, task)
);
CREATE FUNCTION jobs.tenant() RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog
    AS $$ SELECT coalesce(nullif(current_setting('jobs.tenant', true), ''),
                          nullif(split_part(current_setting('application_name'), ':', 2), '')) $$;   -- the hole
ALTER TABLE jobs.tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs.tasks FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON jobs.tasks
    USING (tenant = jobs.tenant())
    WITH CHECK (tenant = jobs.tenant());
GRANT USAGE ON SCHEMA jobs TO c_context_application_name;
GRANT SELECT, INSERT, UPDATE, DELETE ON jobs.tasks TO c_context_application_name;

INSERT INTO jobs.tenants VALUES ('east'), ('west');
INSERT INTO jobs.tasks VALUES ('east', 'sync', '{"n": 1}'), ('west', 'sync', '{"n": 2}'), ('west', 'wire', '{"iban": "AT1"}');
