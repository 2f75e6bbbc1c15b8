-- A NOINHERIT login that may become three confined roles

CREATE ROLE c_clean_noinherit_authenticator_anon NOLOGIN;
CREATE ROLE c_clean_noinherit_authenticator_member NOLOGIN;
CREATE ROLE c_clean_noinherit_authenticator_auditor NOLOGIN;
CREATE ROLE c_clean_noinherit_authenticator LOGIN NOINHERIT PASSWORD 'c_clean_noinherit_authenticator';
GRANT c_clean_noinherit_authenticator_anon, c_clean_noinherit_authenticator_member, c_clean_noinherit_authenticator_auditor TO c_clean_noinherit_authenticator;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA api;
GRANT USAGE ON SCHEMA api TO c_clean_noinherit_authenticator_anon, c_clean_noinherit_authenticator_member, c_clean_noinherit_authenticator_auditor;

CREATE TABLE api.announcements (
    id   integer PRIMARY KEY,
    text text NOT NULL
);
CREATE TABLE api.tenants (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE api.invoices (
    tenant_id uuid NOT NULL REFERENCES api.tenants (id),
    number    text NOT NULL,
    cents     bigint NOT NULL,
    PRIMARY KEY (tenant_id, number)
);
CREATE TABLE api.payslips (
    tenant_id uuid NOT NULL REFERENCES api.tenants (id),
    person    text NOT NULL,
    month     date NOT NULL,
    cents     bigint NOT NULL,
    PRIMARY KEY (tenant_id, person, month)
);
ALTER TABLE api.tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE api.invoices ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE api.payslips ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own ON api.tenants FOR SELECT TO c_clean_noinherit_authenticator_member, c_clean_noinherit_authenticator_auditor
    USING (id = NULLIF(current_setting('request.tenant', true), '')::uuid);
CREATE POLICY member ON api.invoices TO c_clean_noinherit_authenticator_member
    USING (tenant_id = NULLIF(current_setting('request.tenant', true), '')::uuid);
CREATE POLICY auditor ON api.invoices FOR SELECT TO c_clean_noinherit_authenticator_auditor
    USING (tenant_id = NULLIF(current_setting('request.tenant', true), '')::uuid);
CREATE POLICY auditor ON api.payslips FOR SELECT TO c_clean_noinherit_authenticator_auditor
    USING (tenant_id::text = current_setting('request.tenant', true));

GRANT SELECT ON api.announcements TO c_clean_noinherit_authenticator_anon, c_clean_noinherit_authenticator_member;
GRANT SELECT ON api.tenants TO c_clean_noinherit_authenticator_member, c_clean_noinherit_authenticator_auditor;
GRANT SELECT, INSERT, UPDATE, DELETE ON api.invoices TO c_clean_noinherit_authenticator_member;
GRANT SELECT ON api.invoices, api.payslips TO c_clean_noinherit_authenticator_auditor;

INSERT INTO api.announcements VALUES (1, 'Maintenance on Sunday');
INSERT INTO api.tenants VALUES ('d2b6a8a0-1000-4000-8000-000000000001', 'Pylon'), ('d2b6a8a0-1000-4000-8000-000000000002', 'Quartz');
INSERT INTO api.invoices VALUES ('d2b6a8a0-1000-4000-8000-000000000001', '1', 100), ('d2b6a8a0-1000-4000-8000-000000000002', '1', 99900), ('d2b6a8a0-1000-4000-8000-000000000002', '2', 5);
INSERT INTO api.payslips VALUES ('d2b6a8a0-1000-4000-8000-000000000001', 'Rae', '2025-01-01', 300000), ('d2b6a8a0-1000-4000-8000-000000000002', 'Sol', '2025-01-01', 810000);
