-- The outbox knows the tenant only inside its payload

CREATE ROLE c_coverage_outbox_json LOGIN PASSWORD 'c_coverage_outbox_json';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA core;
CREATE SCHEMA msg;
CREATE TABLE core.workspaces (
    workspace_id integer PRIMARY KEY,
    name         text NOT NULL
);
CREATE TABLE core.pages (
    workspace_id integer NOT NULL REFERENCES core.workspaces (workspace_id) ON DELETE CASCADE,
    slug         text NOT NULL,
    body         text NOT NULL,
    PRIMARY KEY (workspace_id, slug)
);
CREATE TABLE msg.outbox (
    message_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    topic      text NOT NULL,
    payload    jsonb NOT NULL,
    at         timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION msg.page_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    INSERT INTO msg.outbox (topic, payload) VALUES ('page.changed',
        jsonb_build_object('meta', jsonb_build_object('ws', NEW.workspace_id), 'page', to_jsonb(NEW)));
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION msg.page_changed() FROM PUBLIC;
CREATE TRIGGER page_changed AFTER INSERT OR UPDATE ON core.pages FOR EACH ROW EXECUTE FUNCTION msg.page_changed();

ALTER TABLE core.pages ENABLE ROW LEVEL SECURITY;
ALTER TABLE core.pages FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON core.pages
    USING (workspace_id = nullif(current_setting('app.workspace', true), '')::integer)
    WITH CHECK (workspace_id = nullif(current_setting('app.workspace', true), '')::integer);
GRANT USAGE ON SCHEMA core, msg TO c_coverage_outbox_json;
GRANT SELECT, INSERT, UPDATE, DELETE ON core.pages TO c_coverage_outbox_json;
GRANT SELECT, DELETE ON msg.outbox TO c_coverage_outbox_json;                      -- the hole: no policy

INSERT INTO core.workspaces VALUES (3001, 'Ember'), (3002, 'Frost');
INSERT INTO core.pages VALUES (3001, 'home', 'Hi'), (3002, 'home', 'Ho'), (3002, 'layoffs', 'June');
