-- An accounting application: immutable double entry, gapless numbers, balances and a close

CREATE ROLE c_clean_app_immutable_ledger LOGIN PASSWORD 'c_clean_app_immutable_ledger';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA gl;
CREATE TABLE gl.currencies (
    code char(3) PRIMARY KEY
);
CREATE TABLE gl.entities (
    id       integer PRIMARY KEY,
    currency char(3) NOT NULL REFERENCES gl.currencies (code)
);
CREATE TABLE gl.accounts (
    entity_id integer NOT NULL REFERENCES gl.entities (id),
    code      text NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('asset', 'income', 'expense')),
    PRIMARY KEY (entity_id, code)
);
CREATE TABLE gl.periods (
    entity_id integer NOT NULL REFERENCES gl.entities (id),
    period    date NOT NULL,
    closed    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (entity_id, period)
);
CREATE TABLE gl.entries (
    entity_id integer NOT NULL,
    entry_no  integer NOT NULL,
    period    date NOT NULL,
    memo      text NOT NULL,
    PRIMARY KEY (entity_id, entry_no),
    FOREIGN KEY (entity_id, period) REFERENCES gl.periods (entity_id, period)
);
CREATE TABLE gl.lines (
    entity_id integer NOT NULL,
    entry_no  integer NOT NULL,
    line_no   smallint NOT NULL,
    account   text NOT NULL,
    cents     bigint NOT NULL,
    PRIMARY KEY (entity_id, entry_no, line_no),
    FOREIGN KEY (entity_id, entry_no) REFERENCES gl.entries (entity_id, entry_no),
    FOREIGN KEY (entity_id, account) REFERENCES gl.accounts (entity_id, code)
);
CREATE TABLE gl.numbers (
    entity_id integer PRIMARY KEY REFERENCES gl.entities (id),
    last_no   integer NOT NULL DEFAULT 0
);
ALTER TABLE gl.entities ENABLE ROW LEVEL SECURITY;
ALTER TABLE gl.entities FORCE ROW LEVEL SECURITY;
CREATE POLICY entity ON gl.entities
    USING (id = nullif(current_setting('books.entity', true), '')::integer)
    WITH CHECK (id = nullif(current_setting('books.entity', true), '')::integer);
ALTER TABLE gl.accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE gl.accounts FORCE ROW LEVEL SECURITY;
CREATE POLICY entity ON gl.accounts
    USING (entity_id = nullif(current_setting('books.entity', true), '')::integer)
    WITH CHECK (entity_id = nullif(current_setting('books.entity', true), '')::integer);
ALTER TABLE gl.periods ENABLE ROW LEVEL SECURITY;
ALTER TABLE gl.periods FORCE ROW LEVEL SECURITY;
CREATE POLICY entity ON gl.periods
    USING (entity_id = nullif(current_setting('books.entity', true), '')::integer)
    WITH CHECK (entity_id = nullif(current_setting('books.entity', true), '')::integer);
ALTER TABLE gl.entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE gl.entries FORCE ROW LEVEL SECURITY;
CREATE POLICY entity ON gl.entries
    USING (entity_id = nullif(current_setting('books.entity', true), '')::integer)
    WITH CHECK (entity_id = nullif(current_setting('books.entity', true), '')::integer);
ALTER TABLE gl.lines ENABLE ROW LEVEL SECURITY;
ALTER TABLE gl.lines FORCE ROW LEVEL SECURITY;
CREATE POLICY entity ON gl.lines
    USING (entity_id = nullif(current_setting('books.entity', true), '')::integer)
    WITH CHECK (entity_id = nullif(current_setting('books.entity', true), '')::integer);
ALTER TABLE gl.numbers ENABLE ROW LEVEL SECURITY;
ALTER TABLE gl.numbers FORCE ROW LEVEL SECURITY;
CREATE POLICY entity ON gl.numbers
    USING (entity_id = nullif(current_setting('books.entity', true), '')::integer)
    WITH CHECK (entity_id = nullif(current_setting('books.entity', true), '')::integer);
CREATE FUNCTION gl.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% on % is not allowed: post a correction', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON gl.entries FOR EACH STATEMENT EXECUTE FUNCTION gl.refuse();
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON gl.lines FOR EACH STATEMENT EXECUTE FUNCTION gl.refuse();
CREATE FUNCTION gl.check_balance() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_sum bigint;
BEGIN
    SELECT sum(cents) INTO v_sum FROM gl.lines WHERE entity_id = NEW.entity_id AND entry_no = NEW.entry_no;
    IF v_sum <> 0 THEN
        RAISE EXCEPTION 'entry % is off by %', NEW.entry_no, v_sum;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON gl.lines DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION gl.check_balance();
CREATE FUNCTION gl.post(p_period date, p_memo text, p_accounts text[], p_cents bigint[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_entity integer := nullif(current_setting('books.entity', true), '')::integer;
    v_no     integer;
    v_closed boolean;
BEGIN
    IF v_entity IS NULL THEN
        RAISE EXCEPTION 'no entity';
    ELSIF array_length(p_accounts, 1) IS DISTINCT FROM array_length(p_cents, 1) THEN
        RAISE EXCEPTION 'uneven arrays';
    END IF;
    SELECT closed INTO v_closed FROM gl.periods p WHERE p.entity_id = v_entity AND p.period = p_period FOR SHARE;
    IF NOT FOUND OR v_closed THEN
        RAISE EXCEPTION 'period % is not open', p_period;
    END IF;
    UPDATE gl.numbers n SET last_no = n.last_no + 1 WHERE n.entity_id = v_entity RETURNING n.last_no INTO STRICT v_no;
    INSERT INTO gl.entries VALUES (v_entity, v_no, p_period, p_memo);
    FOR i IN 1 .. array_length(p_accounts, 1) LOOP
        INSERT INTO gl.lines VALUES (v_entity, v_no, i, p_accounts[i], p_cents[i]);
    END LOOP;
    RETURN v_no;
END $$;
CREATE PROCEDURE gl.close_period(p_period date) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE gl.periods SET closed = true WHERE entity_id = nullif(current_setting('books.entity', true), '')::integer AND period = p_period $$;
CREATE VIEW gl.trial_balance WITH (security_barrier) AS
    SELECT a.code, a.kind, coalesce(sum(l.cents), 0) AS cents, count(l.*) AS lines
    FROM gl.accounts a LEFT JOIN gl.lines l ON l.entity_id = a.entity_id AND l.account = a.code
    WHERE a.entity_id = nullif(current_setting('books.entity', true), '')::integer GROUP BY a.entity_id, a.code, a.kind;
CREATE FUNCTION gl.account_sheet(p_account text) RETURNS TABLE (entry_no integer, memo text, cents bigint, running numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH own AS MATERIALIZED (SELECT * FROM gl.lines l WHERE l.entity_id = nullif(current_setting('books.entity', true), '')::integer AND l.account = p_account)
    SELECT o.entry_no, e.memo, o.cents, sum(o.cents) OVER (ORDER BY o.entry_no, o.line_no)
    FROM own o JOIN gl.entries e USING (entity_id, entry_no) $$;
REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA gl FROM PUBLIC;
GRANT USAGE ON SCHEMA gl TO c_clean_app_immutable_ledger;
GRANT EXECUTE ON FUNCTION gl.post(date, text, text[], bigint[]), gl.account_sheet(text) TO c_clean_app_immutable_ledger;
GRANT EXECUTE ON PROCEDURE gl.close_period(date) TO c_clean_app_immutable_ledger;
GRANT SELECT ON gl.currencies, gl.entities, gl.periods, gl.entries, gl.lines, gl.trial_balance TO c_clean_app_immutable_ledger;
GRANT SELECT, INSERT ON gl.accounts TO c_clean_app_immutable_ledger;
INSERT INTO gl.currencies VALUES ('EUR'), ('JPY');
INSERT INTO gl.entities VALUES (1, 'EUR'), (2, 'JPY');
INSERT INTO gl.accounts VALUES (1, '1000', 'asset'), (1, '8000', 'income'), (2, '1000', 'asset'), (2, '8000', 'income'), (2, '6666', 'expense');
INSERT INTO gl.periods VALUES (1, '2024-01-01'), (2, '2024-01-01');
INSERT INTO gl.numbers VALUES (1), (2);
SET books.entity = '1';
SELECT gl.post('2024-01-01', 'sale', '{1000,8000}', '{100,-100}');
SET books.entity = '2';
SELECT gl.post('2024-01-01', 'bribe', '{6666,1000}', '{900,-900}');
RESET books.entity;
