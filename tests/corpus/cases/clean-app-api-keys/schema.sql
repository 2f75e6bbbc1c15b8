-- An API gateway: keys looked up by hash before there is a context, quotas and a health view

CREATE ROLE c_clean_app_api_keys LOGIN PASSWORD 'c_clean_app_api_keys';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA gw;
CREATE TABLE gw.projects (
    id     bigint PRIMARY KEY,
    quota  integer NOT NULL DEFAULT 1000,
    status text NOT NULL DEFAULT 'active'
);
CREATE TABLE gw.api_keys (
    project_id bigint NOT NULL REFERENCES gw.projects (id),
    label      text NOT NULL,
    digest     bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    revoked_at timestamptz,
    PRIMARY KEY (project_id, label)
);
CREATE TABLE gw.usage (
    project_id bigint NOT NULL REFERENCES gw.projects (id),
    day        date NOT NULL,
    calls      integer NOT NULL DEFAULT 0,
    PRIMARY KEY (project_id, day)
);
CREATE TABLE gw.webhooks (
    project_id bigint NOT NULL REFERENCES gw.projects (id),
    url        text NOT NULL,
    events     text[] NOT NULL,
    PRIMARY KEY (project_id, url)
);
CREATE TABLE gw.deliveries (
    project_id bigint NOT NULL,
    url        text NOT NULL,
    id         uuid NOT NULL DEFAULT gen_random_uuid(),
    payload    jsonb NOT NULL,
    PRIMARY KEY (project_id, url, id),
    FOREIGN KEY (project_id, url) REFERENCES gw.webhooks (project_id, url) ON UPDATE CASCADE ON DELETE CASCADE
);
ALTER TABLE gw.projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE gw.projects FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON gw.projects
    USING (id = nullif(current_setting('gw.project', true), '')::bigint)
    WITH CHECK (id = nullif(current_setting('gw.project', true), '')::bigint);
ALTER TABLE gw.api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE gw.api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON gw.api_keys
    USING (project_id = nullif(current_setting('gw.project', true), '')::bigint)
    WITH CHECK (project_id = nullif(current_setting('gw.project', true), '')::bigint);
ALTER TABLE gw.usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE gw.usage FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON gw.usage
    USING (project_id = nullif(current_setting('gw.project', true), '')::bigint)
    WITH CHECK (project_id = nullif(current_setting('gw.project', true), '')::bigint);
ALTER TABLE gw.webhooks ENABLE ROW LEVEL SECURITY;
ALTER TABLE gw.webhooks FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON gw.webhooks
    USING (project_id = nullif(current_setting('gw.project', true), '')::bigint)
    WITH CHECK (project_id = nullif(current_setting('gw.project', true), '')::bigint);
ALTER TABLE gw.deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE gw.deliveries FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON gw.deliveries
    USING (project_id = nullif(current_setting('gw.project', true), '')::bigint)
    WITH CHECK (project_id = nullif(current_setting('gw.project', true), '')::bigint);
CREATE FUNCTION gw.authenticate(p_key bytea) RETURNS TABLE (project_id bigint, status text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_key IS NULL OR length(p_key) < 32 THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT p.id, p.status FROM gw.api_keys k JOIN gw.projects p ON p.id = k.project_id
    WHERE k.digest = sha256(p_key) AND k.revoked_at IS NULL;
END $$;
CREATE FUNCTION gw.bump_usage(p_calls integer DEFAULT 1) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_project bigint := nullif(current_setting('gw.project', true), '')::bigint;
    v_left    integer;
BEGIN
    IF v_project IS NULL THEN
        RAISE EXCEPTION 'authenticate first';
    ELSIF p_calls NOT BETWEEN 1 AND 100 THEN
        RAISE EXCEPTION 'bad count';
    END IF;
    INSERT INTO gw.usage AS u (project_id, day, calls) VALUES (v_project, current_date, p_calls)
    ON CONFLICT (project_id, day) DO UPDATE SET calls = u.calls + EXCLUDED.calls;
    SELECT p.quota - u.calls INTO v_left FROM gw.projects p JOIN gw.usage u ON u.project_id = p.id AND u.day = current_date WHERE p.id = v_project;
    RETURN v_left >= 0;
END $$;
-- The server draws the key: a digest chosen by a client could be compared with others' through the unique constraint.
CREATE FUNCTION gw.rotate_key(p_label text) RETURNS bytea LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_key bytea := decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');
BEGIN
    IF nullif(current_setting('gw.project', true), '')::bigint IS NULL THEN
        RAISE EXCEPTION 'authenticate first';
    END IF;
    INSERT INTO gw.api_keys AS k (project_id, label, digest) VALUES (nullif(current_setting('gw.project', true), '')::bigint, p_label, sha256(v_key))
    ON CONFLICT (project_id, label) DO UPDATE SET digest = EXCLUDED.digest, revoked_at = NULL;
    RETURN v_key;
END $$;
CREATE FUNCTION gw.emit(p_event text, p_payload jsonb) RETURNS SETOF uuid LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    w  record;
    v  uuid;
BEGIN
    FOR w IN SELECT project_id, url FROM gw.webhooks WHERE p_event = ANY (events) LOOP
        INSERT INTO gw.deliveries (project_id, url, payload) VALUES (w.project_id, w.url, p_payload) RETURNING id INTO v;
        RETURN NEXT v;
    END LOOP;
END $$;
CREATE VIEW gw.health AS
    SELECT current_database() AS database, pg_is_in_recovery() AS standby, now() AS at, has_table_privilege('gw.usage', 'SELECT') AS usage_readable;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA gw FROM PUBLIC;
GRANT USAGE ON SCHEMA gw TO c_clean_app_api_keys;
GRANT EXECUTE ON FUNCTION gw.authenticate(bytea), gw.bump_usage(integer), gw.rotate_key(text), gw.emit(text, jsonb) TO c_clean_app_api_keys;
GRANT SELECT ON gw.projects, gw.usage, gw.health TO c_clean_app_api_keys;
GRANT SELECT (project_id, label, revoked_at), UPDATE (revoked_at), DELETE ON gw.api_keys TO c_clean_app_api_keys;
GRANT SELECT, INSERT, UPDATE, DELETE ON gw.webhooks TO c_clean_app_api_keys;
GRANT SELECT, INSERT ON gw.deliveries TO c_clean_app_api_keys;
INSERT INTO gw.projects VALUES (71001), (71002);
INSERT INTO gw.api_keys VALUES (71001, 'ci', sha256('0123456789abcdef0123456789abcdef')), (71002, 'prod', sha256(decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')));
INSERT INTO gw.usage VALUES (71001, '2024-01-01', 5), (71002, '2024-01-01', 900), (71002, current_date, 7);
INSERT INTO gw.webhooks VALUES (71001, 'https://a.example', '{paid}'), (71002, 'https://b.example', '{paid}');
INSERT INTO gw.deliveries (project_id, url, payload) VALUES (71002, 'https://b.example', '{"amount": 9}');
