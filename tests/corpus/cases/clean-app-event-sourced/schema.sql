-- An event-sourced application: partitioned events, projections, snapshots and an outbox

CREATE ROLE c_clean_app_event_sourced LOGIN PASSWORD 'c_clean_app_event_sourced';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE ROLE c_clean_app_event_sourced_relay NOLOGIN;
CREATE SCHEMA es;
CREATE SCHEMA read;
CREATE TABLE es.realms (
    realm text PRIMARY KEY CHECK (realm <> '')
);
CREATE TABLE es.event_types (
    type text PRIMARY KEY
);
CREATE TABLE es.events (
    realm     text NOT NULL,
    stream    text NOT NULL,
    version   integer NOT NULL,
    type      text NOT NULL,
    data      jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (realm, stream, version)
) PARTITION BY HASH (realm);
CREATE TABLE es.events_0 PARTITION OF es.events FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE es.events_1 PARTITION OF es.events FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE es.snapshots (
    realm   text NOT NULL REFERENCES es.realms (realm),
    stream  text NOT NULL,
    version integer NOT NULL,
    state   jsonb NOT NULL,
    PRIMARY KEY (realm, stream)
);
CREATE TABLE read.accounts (
    realm   text NOT NULL REFERENCES es.realms (realm),
    stream  text NOT NULL,
    holder  text,
    balance bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (realm, stream)
);
CREATE TABLE es.outbox (
    realm   text NOT NULL REFERENCES es.realms (realm),
    id      uuid NOT NULL DEFAULT gen_random_uuid(),
    message jsonb NOT NULL,
    PRIMARY KEY (realm, id)
);
ALTER TABLE es.realms ENABLE ROW LEVEL SECURITY;
ALTER TABLE es.realms FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON es.realms
    USING (realm = current_setting('es.realm', true))
    WITH CHECK (realm = current_setting('es.realm', true));
ALTER TABLE es.snapshots ENABLE ROW LEVEL SECURITY;
ALTER TABLE es.snapshots FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON es.snapshots
    USING (realm = current_setting('es.realm', true))
    WITH CHECK (realm = current_setting('es.realm', true));
ALTER TABLE es.events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_read ON es.events FOR SELECT USING (realm = current_setting('es.realm', true));
ALTER TABLE read.accounts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_read ON read.accounts FOR SELECT USING (realm = current_setting('es.realm', true));
ALTER TABLE es.outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY relay ON es.outbox TO c_clean_app_event_sourced_relay USING (true);
CREATE FUNCTION es.apply(p_state jsonb, p_type text, p_data jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    CASE p_type
        WHEN 'opened' THEN RETURN jsonb_build_object('holder', p_data ->> 'holder', 'balance', 0);
        WHEN 'deposited' THEN RETURN jsonb_set(p_state, '{balance}', to_jsonb((p_state ->> 'balance')::bigint + (p_data ->> 'cents')::bigint));
        ELSE RETURN p_state;
    END CASE;
END $$;
CREATE AGGREGATE es.fold(text, jsonb) (SFUNC = es.apply, STYPE = jsonb, INITCOND = '{}');
CREATE FUNCTION es.project() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.type = 'opened' THEN
        INSERT INTO read.accounts (realm, stream, holder) VALUES (NEW.realm, NEW.stream, NEW.data ->> 'holder');
    ELSIF NEW.type = 'deposited' THEN
        UPDATE read.accounts a SET balance = a.balance + (NEW.data ->> 'cents')::bigint WHERE a.realm = NEW.realm AND a.stream = NEW.stream;
    END IF;
    INSERT INTO es.outbox (realm, message) VALUES (NEW.realm, jsonb_build_object('stream', NEW.stream, 'type', NEW.type));
    RETURN NEW;
END $$;
CREATE TRIGGER project AFTER INSERT ON es.events FOR EACH ROW EXECUTE FUNCTION es.project();
CREATE FUNCTION es.append(p_stream text, p_expected integer, VARIADIC p_events jsonb[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_realm   text := nullif(current_setting('es.realm', true), '');
    v_version integer;
    e         jsonb;
BEGIN
    IF v_realm IS NULL THEN
        RAISE EXCEPTION 'no realm';
    END IF;
    SELECT coalesce(max(version), 0) INTO v_version FROM es.events WHERE realm = v_realm AND stream = p_stream;
    IF v_version <> p_expected THEN
        RAISE EXCEPTION 'expected version %, is %', p_expected, v_version;
    END IF;
    FOREACH e IN ARRAY p_events LOOP
        v_version := v_version + 1;
        INSERT INTO es.events (realm, stream, version, type, data)
        SELECT v_realm, p_stream, v_version, t.type, e -> 'data' FROM es.event_types t WHERE t.type = e ->> 'type';
    END LOOP;
    RETURN v_version;
END $$;
CREATE FUNCTION es.replay(p_stream text) RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT es.fold(type, data ORDER BY version) FROM es.events WHERE stream = p_stream AND realm = current_setting('es.realm', true) $$;
CREATE PROCEDURE es.snapshot_all() LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    s text;
BEGIN
    FOR s IN SELECT DISTINCT stream FROM es.events LOOP
        INSERT INTO es.snapshots SELECT realm, stream, max(version), es.fold(type, data ORDER BY version) FROM es.events WHERE stream = s GROUP BY realm, stream
        ON CONFLICT (realm, stream) DO UPDATE SET version = EXCLUDED.version, state = EXCLUDED.state;
    END LOOP;
END $$;
REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA es FROM PUBLIC;
GRANT USAGE ON SCHEMA es, read TO c_clean_app_event_sourced;
GRANT EXECUTE ON FUNCTION es.apply(jsonb, text, jsonb), es.fold(text, jsonb), es.append(text, integer, jsonb[]), es.replay(text) TO c_clean_app_event_sourced;
GRANT EXECUTE ON PROCEDURE es.snapshot_all() TO c_clean_app_event_sourced;
GRANT SELECT ON es.realms, es.event_types, es.events, read.accounts TO c_clean_app_event_sourced;
GRANT SELECT, INSERT, UPDATE ON es.snapshots TO c_clean_app_event_sourced;
GRANT USAGE ON SCHEMA es TO c_clean_app_event_sourced_relay;
GRANT SELECT, DELETE ON es.outbox TO c_clean_app_event_sourced_relay;
INSERT INTO es.realms VALUES ('r-red'), ('r-blue');
INSERT INTO es.event_types VALUES ('opened'), ('deposited');
INSERT INTO es.events VALUES ('r-red', 'acc-1', 1, 'opened', '{"holder": "Ann"}'), ('r-blue', 'acc-1', 1, 'opened', '{"holder": "Boss"}'),
    ('r-blue', 'acc-1', 2, 'deposited', '{"cents": 900}'), ('r-blue', 'acc-2', 1, 'opened', '{"holder": "Shell Ltd"}');
