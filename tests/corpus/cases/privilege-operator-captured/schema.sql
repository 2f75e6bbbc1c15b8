-- A definer function's comparison can be taken over by a new operator

CREATE ROLE c_privilege_operator_captured LOGIN PASSWORD 'c_privilege_operator_captured';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA store;
CREATE SCHEMA api;
CREATE TABLE store.tenants (
    tenant text PRIMARY KEY
);
CREATE TABLE store.assets (
    tenant text NOT NULL REFERENCES store.tenants (tenant),
    tag    varchar(40) NOT NULL,
    owner  text NOT NULL,
    PRIMARY KEY (tenant, tag)
);
ALTER TABLE store.assets ENABLE ROW LEVEL SECURITY;
ALTER TABLE store.assets FORCE ROW LEVEL SECURITY;
CREATE POLICY own_assets ON store.assets
    USING (tenant = current_setting('asset.tenant', true))
    WITH CHECK (tenant = current_setting('asset.tenant', true));
CREATE FUNCTION api.find_asset(p_tag text) RETURNS SETOF text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, api, pg_temp
    AS $$
BEGIN
    RETURN QUERY
    SELECT a.owner FROM store.assets a
    WHERE a.tenant = current_setting('asset.tenant', true) AND a.tag = p_tag;
END $$;
REVOKE EXECUTE ON FUNCTION api.find_asset(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.find_asset(text) TO c_privilege_operator_captured;
GRANT USAGE ON SCHEMA api TO c_privilege_operator_captured;
GRANT CREATE ON SCHEMA api TO c_privilege_operator_captured;                               -- the hole
INSERT INTO store.tenants VALUES ('t-7'), ('t-8');
INSERT INTO store.assets VALUES ('t-7', 'LAP-1', 'Uwe'), ('t-8', 'LAP-9', 'Vera');
