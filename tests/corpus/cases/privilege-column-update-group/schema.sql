-- An ungranted payout table can be updated in one column

CREATE ROLE c_privilege_column_update_group LOGIN PASSWORD 'c_privilege_column_update_group';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE ROLE c_privilege_column_update_group_integrations NOLOGIN;
CREATE ROLE c_privilege_column_update_group_backend NOLOGIN;
GRANT c_privilege_column_update_group_integrations TO c_privilege_column_update_group_backend;
GRANT c_privilege_column_update_group_backend TO c_privilege_column_update_group;
CREATE SCHEMA pay;
CREATE TABLE pay.merchants (
    id bigint PRIMARY KEY
);
CREATE TABLE pay.payout_accounts (
    merchant_id bigint PRIMARY KEY REFERENCES pay.merchants (id),
    iban        text NOT NULL,
    verified_at timestamptz
);
CREATE TABLE pay.charges (
    merchant_id bigint NOT NULL REFERENCES pay.merchants (id),
    charge_id   uuid NOT NULL DEFAULT gen_random_uuid(),
    cents       bigint NOT NULL,
    PRIMARY KEY (merchant_id, charge_id)
);
ALTER TABLE pay.charges ENABLE ROW LEVEL SECURITY;
ALTER TABLE pay.charges FORCE ROW LEVEL SECURITY;
CREATE POLICY own_charges ON pay.charges
    USING (merchant_id = nullif(current_setting('pay.merchant', true), '')::bigint)
    WITH CHECK (merchant_id = nullif(current_setting('pay.merchant', true), '')::bigint);
GRANT USAGE ON SCHEMA pay TO c_privilege_column_update_group_backend;
GRANT SELECT, INSERT ON pay.charges TO c_privilege_column_update_group_backend;
GRANT UPDATE (iban) ON pay.payout_accounts TO c_privilege_column_update_group_integrations;       -- the hole
INSERT INTO pay.merchants VALUES (9001), (9002);
INSERT INTO pay.payout_accounts VALUES (9001, 'DE01'), (9002, 'FR99');
INSERT INTO pay.charges (merchant_id, cents) VALUES (9001, 100), (9002, 9900);
