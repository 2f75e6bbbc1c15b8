-- Text branch codes compared as integers

CREATE ROLE c_policy_leading_zeros LOGIN PASSWORD 'c_policy_leading_zeros';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA bank;
CREATE TABLE bank.branches (
    branch text PRIMARY KEY CHECK (branch ~ '^[0-9]{1,6}$'),
    town   text NOT NULL
);
CREATE TABLE bank.ledger (
    branch  text NOT NULL REFERENCES bank.branches (branch) ON DELETE CASCADE,
    entry   bigint NOT NULL,
    account text NOT NULL,
    amount  numeric(14,2) NOT NULL,
    PRIMARY KEY (branch, entry)
);
CREATE TABLE bank.tellers (
    branch text NOT NULL REFERENCES bank.branches (branch) ON DELETE CASCADE,
    name   text NOT NULL,
    PRIMARY KEY (branch, name)
);

ALTER TABLE bank.branches ENABLE ROW LEVEL SECURITY;
ALTER TABLE bank.branches FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON bank.branches
    USING (branch = current_setting('bank.branch', true))
    WITH CHECK (branch = current_setting('bank.branch', true));
ALTER TABLE bank.ledger ENABLE ROW LEVEL SECURITY;
ALTER TABLE bank.ledger FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON bank.ledger
    USING (branch::integer = nullif(current_setting('bank.branch', true), '')::integer)
    WITH CHECK (branch::integer = nullif(current_setting('bank.branch', true), '')::integer);
ALTER TABLE bank.tellers ENABLE ROW LEVEL SECURITY;
ALTER TABLE bank.tellers FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON bank.tellers
    USING (branch = current_setting('bank.branch', true))
    WITH CHECK (branch = current_setting('bank.branch', true));

GRANT USAGE ON SCHEMA bank TO c_policy_leading_zeros;
GRANT SELECT ON bank.branches TO c_policy_leading_zeros;
GRANT SELECT, INSERT, UPDATE, DELETE ON bank.ledger, bank.tellers TO c_policy_leading_zeros;

INSERT INTO bank.branches VALUES ('42', 'Ghent'), ('0042', 'Ghent, closed 1998 and taken over by another bank');
INSERT INTO bank.ledger VALUES ('42', 1, 'DE1', 100), ('0042', 1, 'XX9', 555000), ('0042', 2, 'XX7', 7);
INSERT INTO bank.tellers VALUES ('42', 'Ida'), ('0042', 'Jo');
