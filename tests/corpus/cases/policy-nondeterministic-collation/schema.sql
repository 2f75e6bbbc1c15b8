-- Equality under a collation that ignores case and accents

CREATE ROLE c_policy_nondeterministic_collation LOGIN PASSWORD 'c_policy_nondeterministic_collation';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA blog;
CREATE COLLATION blog.loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
CREATE TABLE blog.spaces (
    space text PRIMARY KEY,
    owner text NOT NULL
);
CREATE TABLE blog.drafts (
    space text NOT NULL REFERENCES blog.spaces (space) ON DELETE CASCADE,
    title text NOT NULL,
    body  text NOT NULL,
    PRIMARY KEY (space, title)
);
ALTER TABLE blog.spaces ENABLE ROW LEVEL SECURITY;
ALTER TABLE blog.spaces FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON blog.spaces
    USING (space = current_setting('blog.space', true))
    WITH CHECK (space = current_setting('blog.space', true));
ALTER TABLE blog.drafts ENABLE ROW LEVEL SECURITY;
ALTER TABLE blog.drafts FORCE ROW LEVEL SECURITY;
CREATE POLICY by_space ON blog.drafts
    USING (space = current_setting('blog.space', true) COLLATE blog.loose)        -- the hole
    WITH CHECK (space = current_setting('blog.space', true));
GRANT USAGE ON SCHEMA blog TO c_policy_nondeterministic_collation;
GRANT SELECT ON blog.spaces TO c_policy_nondeterministic_collation;
GRANT SELECT, INSERT, UPDATE, DELETE ON blog.drafts TO c_policy_nondeterministic_collation;

INSERT INTO blog.spaces VALUES ('resume', 'a job board'), ('Résumé', 'a restaurant');
INSERT INTO blog.drafts VALUES ('resume', 'Tips', 'Be short'), ('Résumé', 'Menu', 'Duck'), ('Résumé', 'Sale', 'We sell the place');
