-- A PostgREST application: api views over private tables, INSTEAD OF triggers and RPC

CREATE ROLE c_clean_app_postgrest_api LOGIN PASSWORD 'c_clean_app_postgrest_api';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE ROLE c_clean_app_postgrest_api_owner NOLOGIN;
CREATE SCHEMA data AUTHORIZATION c_clean_app_postgrest_api_owner;
CREATE SCHEMA api AUTHORIZATION c_clean_app_postgrest_api_owner;
SET ROLE c_clean_app_postgrest_api_owner;
CREATE TABLE data.workspaces (
    id   integer PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE data.stages (
    stage text PRIMARY KEY,
    rank  integer NOT NULL
);
CREATE TABLE data.contacts (
    workspace_id integer NOT NULL REFERENCES data.workspaces (id),
    contact_no   integer NOT NULL,
    email        text NOT NULL,
    extra        jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (workspace_id, contact_no),
    UNIQUE (workspace_id, email)
);
CREATE TABLE data.deals (
    workspace_id integer NOT NULL,
    deal_no      integer NOT NULL,
    contact_no   integer NOT NULL,
    stage        text NOT NULL REFERENCES data.stages (stage),
    cents        bigint NOT NULL,
    PRIMARY KEY (workspace_id, deal_no),
    FOREIGN KEY (workspace_id, contact_no) REFERENCES data.contacts (workspace_id, contact_no) ON UPDATE CASCADE
);
CREATE TABLE data.numbering (
    workspace_id integer NOT NULL REFERENCES data.workspaces (id),
    series       text NOT NULL,
    last         integer NOT NULL,
    PRIMARY KEY (workspace_id, series)
);
CREATE TABLE data.notes (
    workspace_id integer NOT NULL,
    deal_no      integer NOT NULL,
    line         integer NOT NULL,
    body         text NOT NULL,
    PRIMARY KEY (workspace_id, deal_no, line),
    FOREIGN KEY (workspace_id, deal_no) REFERENCES data.deals (workspace_id, deal_no) ON DELETE CASCADE
);
CREATE FUNCTION api.workspace() RETURNS integer LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT nullif(current_setting('api.workspace', true), '')::integer $$;
CREATE FUNCTION data.next_no(p_series text) RETURNS integer LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v integer;
BEGIN
    UPDATE data.numbering SET last = last + 1 WHERE workspace_id = api.workspace() AND series = p_series RETURNING last INTO v;
    IF NOT FOUND THEN
        INSERT INTO data.numbering VALUES (api.workspace(), p_series, 1) RETURNING last INTO v;
    END IF;
    RETURN v;
END $$;
CREATE VIEW api.contacts WITH (security_barrier) AS
    SELECT workspace_id, contact_no, email, extra FROM data.contacts WHERE workspace_id = nullif(current_setting('api.workspace', true), '')::integer
    WITH CASCADED CHECK OPTION;
ALTER VIEW api.contacts ALTER COLUMN workspace_id SET DEFAULT api.workspace();
CREATE VIEW api.stages AS SELECT stage, rank FROM data.stages;
CREATE VIEW api.deals WITH (security_barrier) AS
    SELECT d.deal_no, d.stage, d.cents, c.email,
           (SELECT json_agg(json_build_object('line', n.line, 'body', n.body) ORDER BY n.line) FROM data.notes n
            WHERE n.workspace_id = d.workspace_id AND n.deal_no = d.deal_no) AS notes
    FROM data.deals d JOIN data.contacts c ON c.workspace_id = d.workspace_id AND c.contact_no = d.contact_no
    WHERE d.workspace_id = nullif(current_setting('api.workspace', true), '')::integer;
CREATE VIEW api.pipeline WITH (security_barrier) AS
    WITH s AS (SELECT stage, rank FROM data.stages)
    SELECT s.stage, count(d.deal_no) AS deals, coalesce(sum(d.cents), 0) AS cents
    FROM s LEFT JOIN data.deals d ON d.stage = s.stage AND d.workspace_id = nullif(current_setting('api.workspace', true), '')::integer
    GROUP BY s.stage, s.rank;
CREATE FUNCTION data.deals_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_contact integer;
BEGIN
    IF api.workspace() IS NULL THEN
        RAISE EXCEPTION 'no workspace';
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM data.deals WHERE workspace_id = api.workspace() AND deal_no = OLD.deal_no;
        RETURN OLD;
    END IF;
    SELECT c.contact_no INTO STRICT v_contact FROM data.contacts c WHERE c.workspace_id = api.workspace() AND c.email = NEW.email;
    IF TG_OP = 'INSERT' THEN
        NEW.deal_no := data.next_no('deal');
        INSERT INTO data.deals VALUES (api.workspace(), NEW.deal_no, v_contact, coalesce(NEW.stage, 'new'), NEW.cents);
    ELSE
        UPDATE data.deals SET contact_no = v_contact, stage = NEW.stage, cents = NEW.cents
        WHERE workspace_id = api.workspace() AND deal_no = OLD.deal_no;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER write INSTEAD OF INSERT OR UPDATE OR DELETE ON api.deals FOR EACH ROW EXECUTE FUNCTION data.deals_write();
CREATE FUNCTION api.import_contacts(p_rows jsonb) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r jsonb;
    n integer := 0;
    w integer := api.workspace();
BEGIN
    IF w IS NULL THEN
        RAISE EXCEPTION 'no workspace';
    END IF;
    FOR r IN SELECT jsonb_array_elements(p_rows) LOOP
        BEGIN
            INSERT INTO data.contacts (workspace_id, contact_no, email, extra) VALUES (w, data.next_no('contact'), r ->> 'email', r - 'email');
            n := n + 1;
        EXCEPTION WHEN unique_violation THEN
            UPDATE data.contacts SET extra = extra || (r - 'email') WHERE workspace_id = w AND email = r ->> 'email';
        END;
    END LOOP;
    RETURN n;
END $$;
CREATE FUNCTION api.merge_contacts(p_keep integer, p_drop integer[]) RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH moved AS (UPDATE data.deals SET contact_no = p_keep WHERE workspace_id = nullif(current_setting('api.workspace', true), '')::integer AND contact_no = ANY (p_drop) RETURNING 1)
    SELECT count(*)::integer FROM moved $$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA api, data FROM PUBLIC;
RESET ROLE;
GRANT USAGE ON SCHEMA api TO c_clean_app_postgrest_api;
GRANT EXECUTE ON FUNCTION api.workspace(), api.import_contacts(jsonb), api.merge_contacts(integer, integer[]) TO c_clean_app_postgrest_api;
GRANT SELECT ON api.stages, api.pipeline TO c_clean_app_postgrest_api;
-- The key is neither inserted nor updated by clients: a view's check option is tested after the unique constraints.
GRANT SELECT, DELETE, INSERT (contact_no, email, extra), UPDATE (contact_no, email, extra) ON api.contacts TO c_clean_app_postgrest_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON api.deals TO c_clean_app_postgrest_api;
INSERT INTO data.workspaces VALUES (41, 'A'), (42, 'B');
INSERT INTO data.stages VALUES ('new', 1), ('won', 2);
INSERT INTO data.contacts VALUES (41, 1, 'a@x.example', '{}'), (42, 1, 'b@x.example', '{"vip": true}'), (42, 2, 'c@x.example', '{}');
INSERT INTO data.deals VALUES (41, 1, 1, 'new', 100), (42, 1, 1, 'won', 5000), (42, 2, 2, 'won', 700);
INSERT INTO data.numbering VALUES (41, 'deal', 1), (41, 'contact', 1), (42, 'deal', 2), (42, 'contact', 2);
INSERT INTO data.notes VALUES (42, 1, 1, 'bribed');
