-- One getter for every table, correctly quoted

REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE ROLE c_function_generic_getter LOGIN PASSWORD 'c_function_generic_getter';
CREATE ROLE c_function_generic_getter_owner NOLOGIN;
CREATE SCHEMA data AUTHORIZATION c_function_generic_getter_owner;
CREATE SCHEMA api AUTHORIZATION c_function_generic_getter_owner;
CREATE TABLE data.orgs (
    id uuid PRIMARY KEY
);
CREATE TABLE data.notes (
    org_id uuid NOT NULL REFERENCES data.orgs (id) ON DELETE CASCADE,
    id     uuid NOT NULL,
    body   text NOT NULL,
    PRIMARY KEY (org_id, id)
);
ALTER TABLE data.orgs OWNER TO c_function_generic_getter_owner;
ALTER TABLE data.notes OWNER TO c_function_generic_getter_owner;
-- Not forced: nobody logs in as the owner.
ALTER TABLE data.orgs ENABLE ROW LEVEL SECURITY;
ALTER TABLE data.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON data.notes USING (org_id = nullif(current_setting('api.org', true), '')::uuid);

CREATE FUNCTION api.get_record(p_table name, p_id uuid) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE r jsonb;
BEGIN
    EXECUTE format('SELECT to_jsonb(t) FROM data.%I t WHERE t.id = $1', p_table) INTO r USING p_id;      -- the hole
    RETURN r;
END $$;
ALTER FUNCTION api.get_record(name, uuid) OWNER TO c_function_generic_getter_owner;
REVOKE EXECUTE ON FUNCTION api.get_record(name, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.get_record(name, uuid) TO c_function_generic_getter;
GRANT USAGE ON SCHEMA data, api TO c_function_generic_getter;
GRANT SELECT, INSERT, UPDATE, DELETE ON data.notes TO c_function_generic_getter;

INSERT INTO data.orgs VALUES ('66000000-0000-4000-8000-000000000001'), ('66000000-0000-4000-8000-000000000002');
INSERT INTO data.notes VALUES ('66000000-0000-4000-8000-000000000001', '66000000-0000-4000-8000-0000000000a1', 'Mine'),
    ('66000000-0000-4000-8000-000000000002', '66000000-0000-4000-8000-0000000000b1', 'Theirs');
