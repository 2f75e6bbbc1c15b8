-- One branch of a CASE forgets the tenant

CREATE ROLE c_policy_case_branch LOGIN PASSWORD 'c_policy_case_branch';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA sales;
CREATE TABLE sales.orgs (
    org  uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TYPE sales.doc_kind AS ENUM ('invoice', 'quote', 'reminder', 'contract');
CREATE TABLE sales.documents (
    org    uuid NOT NULL REFERENCES sales.orgs (org) ON DELETE CASCADE,
    number text NOT NULL,
    kind   sales.doc_kind NOT NULL,
    sent   boolean NOT NULL DEFAULT false,
    body   text NOT NULL,
    PRIMARY KEY (org, number)
);
CREATE FUNCTION sales.current_org() RETURNS uuid LANGUAGE sql STABLE SET search_path = pg_catalog
    AS $$ SELECT nullif(current_setting('sales.org', true), '')::uuid $$;

ALTER TABLE sales.documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE sales.documents FORCE ROW LEVEL SECURITY;
CREATE POLICY by_kind ON sales.documents FOR SELECT
    USING (CASE kind
             WHEN 'invoice' THEN org = sales.current_org()
             WHEN 'quote'   THEN sales.current_org() = org
             ELSE sent                                        -- the hole
           END);
CREATE POLICY own_insert ON sales.documents FOR INSERT WITH CHECK (org = sales.current_org());
CREATE POLICY own_update ON sales.documents FOR UPDATE USING (org = sales.current_org());
CREATE POLICY own_delete ON sales.documents FOR DELETE USING (org = sales.current_org());

GRANT USAGE ON SCHEMA sales TO c_policy_case_branch;
GRANT SELECT, INSERT, UPDATE, DELETE ON sales.documents TO c_policy_case_branch;

INSERT INTO sales.orgs VALUES ('3f0a5a10-0000-4000-8000-000000000001', 'Ferrum'), ('3f0a5a10-0000-4000-8000-000000000002', 'Cuprum');
INSERT INTO sales.documents VALUES
    ('3f0a5a10-0000-4000-8000-000000000001', 'F1', 'invoice', true, 'Nails'),
    ('3f0a5a10-0000-4000-8000-000000000001', 'F2', 'contract', false, 'Lease'),
    ('3f0a5a10-0000-4000-8000-000000000002', 'C1', 'invoice', true, 'Wire'),
    ('3f0a5a10-0000-4000-8000-000000000002', 'C2', 'reminder', true, 'Second notice to Ferrum'),
    ('3f0a5a10-0000-4000-8000-000000000002', 'C3', 'contract', true, 'Exclusive supply');
