-- ON CONFLICT through a view evaluates its WHERE on a row the view does not show

CREATE ROLE c_view_on_conflict_where LOGIN PASSWORD 'c_view_on_conflict_where';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA store;
CREATE SCHEMA api;
CREATE TABLE store.tenants (
    tenant text PRIMARY KEY CHECK (tenant <> '')
);
CREATE TABLE store.bookmarks (
    id     uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant text NOT NULL REFERENCES store.tenants (tenant),
    url    text NOT NULL,
    note   text,
    CONSTRAINT bookmarks_pkey PRIMARY KEY (id)                             -- the hole: (tenant, id)
);
CREATE INDEX ON store.bookmarks (tenant);
ALTER TABLE store.bookmarks ENABLE ROW LEVEL SECURITY;
CREATE VIEW api.bookmarks WITH (security_barrier) AS
    SELECT id, tenant, url, note FROM store.bookmarks WHERE tenant = current_setting('bm.tenant', true)
    WITH CASCADED CHECK OPTION;
ALTER VIEW api.bookmarks ALTER COLUMN tenant SET DEFAULT current_setting('bm.tenant', true);
GRANT USAGE ON SCHEMA api TO c_view_on_conflict_where;
GRANT SELECT, DELETE, INSERT (id, url, note), UPDATE (url, note) ON api.bookmarks TO c_view_on_conflict_where;
INSERT INTO store.tenants VALUES ('x'), ('y');
-- Ids are part of share links.
INSERT INTO store.bookmarks VALUES ('11110000-0000-4000-8000-000000000001', 'x', 'https://x.example', 'mine'),
    ('22220000-0000-4000-8000-000000000002', 'y', 'https://y.example/login', 'password: heron');
