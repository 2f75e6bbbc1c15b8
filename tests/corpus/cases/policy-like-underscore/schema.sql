-- The key is matched with LIKE, and a slug may hold an underscore

CREATE ROLE c_policy_like_underscore LOGIN PASSWORD 'c_policy_like_underscore';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA cms;
CREATE TABLE cms.spaces (
    slug  text PRIMARY KEY CHECK (slug ~ '^[a-z0-9_-]+$'),
    title text NOT NULL
);
CREATE TABLE cms.pages (
    space text NOT NULL REFERENCES cms.spaces (slug) ON DELETE CASCADE,
    path  text NOT NULL,
    html  text NOT NULL,
    PRIMARY KEY (space, path)
);
CREATE TABLE cms.redirects (
    space  text NOT NULL,
    source text NOT NULL,
    path   text NOT NULL,
    PRIMARY KEY (space, source),
    FOREIGN KEY (space, path) REFERENCES cms.pages (space, path) ON DELETE CASCADE
);

ALTER TABLE cms.pages ENABLE ROW LEVEL SECURITY;
ALTER TABLE cms.pages FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON cms.pages
    USING (space LIKE current_setting('cms.space', true))
    WITH CHECK (space LIKE current_setting('cms.space', true));
ALTER TABLE cms.redirects ENABLE ROW LEVEL SECURITY;
ALTER TABLE cms.redirects FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON cms.redirects
    USING (space = current_setting('cms.space', true))
    WITH CHECK (space = current_setting('cms.space', true));

GRANT USAGE ON SCHEMA cms TO c_policy_like_underscore;
GRANT SELECT, INSERT, UPDATE, DELETE ON cms.pages, cms.redirects TO c_policy_like_underscore;

INSERT INTO cms.spaces VALUES ('blue_bird', 'Blue Bird Tea'), ('blue-bird', 'Blue-Bird Freight');
INSERT INTO cms.pages VALUES ('blue_bird', '/', '<h1>Tea</h1>'), ('blue-bird', '/', '<h1>Freight</h1>'), ('blue-bird', '/draft-prices', '<p>secret</p>');
INSERT INTO cms.redirects VALUES ('blue_bird', '/home', '/'), ('blue-bird', '/start', '/');
