-- A balance is looked up through a connection back to the same database

CREATE ROLE c_function_dblink_lookup LOGIN PASSWORD 'c_function_dblink_lookup';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA bank;
CREATE SCHEMA ext;
CREATE EXTENSION dblink SCHEMA ext;
CREATE TABLE bank.branches (
    branch integer PRIMARY KEY
);
CREATE TABLE bank.accounts (
    branch  integer NOT NULL REFERENCES bank.branches (branch),
    account text NOT NULL,
    cents   bigint NOT NULL,
    PRIMARY KEY (branch, account)
);
ALTER TABLE bank.accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE bank.accounts FORCE ROW LEVEL SECURITY;
CREATE POLICY own_branch ON bank.accounts
    USING (branch = nullif(current_setting('bank.branch', true), '')::integer)
    WITH CHECK (branch = nullif(current_setting('bank.branch', true), '')::integer);
CREATE FUNCTION bank.balance_of(p_account text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    v_conn text := format('host=%s port=%s dbname=%L user=%L',
        split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database(), current_user);
    v_cents bigint;
BEGIN
    -- The hole: AND branch = the caller's.
    SELECT r.cents INTO v_cents
    FROM ext.dblink(v_conn, format('SELECT cents FROM bank.accounts WHERE account = %L', p_account)) AS r (cents bigint);
    RETURN v_cents;
END $$;
REVOKE EXECUTE ON FUNCTION bank.balance_of(text) FROM PUBLIC;
GRANT USAGE ON SCHEMA bank TO c_function_dblink_lookup;
GRANT EXECUTE ON FUNCTION bank.balance_of(text) TO c_function_dblink_lookup;
GRANT SELECT ON bank.accounts TO c_function_dblink_lookup;
INSERT INTO bank.branches VALUES (11), (12);
INSERT INTO bank.accounts VALUES (11, 'AC-1', 500), (12, 'AC-9', 770000);
