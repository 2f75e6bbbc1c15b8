-- The outer view is security_invoker, the one below it is not

REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE ROLE c_view_invoker_over_owner LOGIN PASSWORD 'c_view_invoker_over_owner';
CREATE ROLE c_view_invoker_over_owner_dba NOLOGIN BYPASSRLS;
CREATE SCHEMA internal;
CREATE SCHEMA api;
CREATE TABLE internal.clubs (
    club text PRIMARY KEY
);
CREATE TABLE internal.members (
    club  text NOT NULL REFERENCES internal.clubs (club) ON DELETE CASCADE,
    email text NOT NULL,
    phone text NOT NULL,
    PRIMARY KEY (club, email)
);
ALTER TABLE internal.members ENABLE ROW LEVEL SECURITY;
ALTER TABLE internal.members FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON internal.members
    USING (club = current_setting('api.club', true))
    WITH CHECK (club = current_setting('api.club', true));
GRANT USAGE ON SCHEMA internal, api TO c_view_invoker_over_owner, c_view_invoker_over_owner_dba;
GRANT SELECT ON internal.members TO c_view_invoker_over_owner_dba;
GRANT SELECT, INSERT, UPDATE, DELETE ON internal.members TO c_view_invoker_over_owner;

CREATE VIEW internal.members_full AS
    SELECT club, email, phone, split_part(email, '@', 2) AS mail_host FROM internal.members;
ALTER VIEW internal.members_full OWNER TO c_view_invoker_over_owner_dba;                  -- the hole: no security_invoker here
CREATE VIEW api.members WITH (security_invoker = true) AS
    SELECT club, email, phone FROM internal.members_full WHERE mail_host <> 'invalid';
GRANT SELECT ON internal.members_full, api.members TO c_view_invoker_over_owner;

INSERT INTO internal.clubs VALUES ('choir'), ('dance');
INSERT INTO internal.members VALUES ('choir', 'c@x.example', '1'), ('dance', 'd@x.example', '2'), ('dance', 'e@x.example', '3');
