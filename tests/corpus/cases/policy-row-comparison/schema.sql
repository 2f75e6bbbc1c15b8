-- A row comparison orders tenants instead of matching them

CREATE ROLE c_policy_row_comparison LOGIN PASSWORD 'c_policy_row_comparison';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA hr;
CREATE TABLE hr.tenants (
    tenant_no integer PRIMARY KEY,
    name      text NOT NULL
);
CREATE TABLE hr.contracts (
    tenant_no  integer NOT NULL REFERENCES hr.tenants (tenant_no) ON DELETE CASCADE,
    person     text NOT NULL,
    valid_from date NOT NULL,
    salary     integer NOT NULL,
    PRIMARY KEY (tenant_no, person, valid_from)
);
ALTER TABLE hr.contracts ENABLE ROW LEVEL SECURITY;
ALTER TABLE hr.contracts FORCE ROW LEVEL SECURITY;
CREATE POLICY in_force ON hr.contracts FOR SELECT
    USING ((tenant_no, valid_from) <= (nullif(current_setting('hr.tenant_no', true), '')::integer, current_date));   -- the hole
CREATE POLICY hire ON hr.contracts FOR INSERT
    WITH CHECK ((tenant_no, true) = (nullif(current_setting('hr.tenant_no', true), '')::integer, valid_from IS NOT NULL));

GRANT USAGE ON SCHEMA hr TO c_policy_row_comparison;
GRANT SELECT, INSERT ON hr.contracts TO c_policy_row_comparison;

INSERT INTO hr.tenants VALUES (9, 'Ninefold'), (4, 'Quartet');
INSERT INTO hr.contracts VALUES (9, 'Nora', '2020-01-01', 51000), (9, 'Nils', '2990-01-01', 48000),
    (4, 'Quin', '2021-03-01', 77000), (4, 'Quentin', '2990-01-01', 81000);
