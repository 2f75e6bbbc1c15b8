-- A nullable flag read with IS DISTINCT FROM makes unmarked rows public

CREATE ROLE c_policy_null_flag_public LOGIN PASSWORD 'c_policy_null_flag_public';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA kb;
CREATE TABLE kb.accounts (
    account_id integer PRIMARY KEY,
    name       text NOT NULL
);
CREATE TABLE kb.articles (
    account_id integer NOT NULL REFERENCES kb.accounts (account_id) ON DELETE CASCADE,
    slug       text NOT NULL,
    body       text NOT NULL,
    is_private boolean,
    PRIMARY KEY (account_id, slug)
);
CREATE TABLE kb.authors (
    account_id integer NOT NULL REFERENCES kb.accounts (account_id) ON DELETE CASCADE,
    email      text NOT NULL,
    PRIMARY KEY (account_id, email)
);

ALTER TABLE kb.articles ENABLE ROW LEVEL SECURITY;
ALTER TABLE kb.articles FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON kb.articles
    USING (account_id = nullif(current_setting('kb.account', true), '')::integer);
-- The hole: "not private" should mean is_private = false.
CREATE POLICY public_articles ON kb.articles FOR SELECT
    USING (account_id = nullif(current_setting('kb.account', true), '')::integer
           OR is_private IS DISTINCT FROM true);
ALTER TABLE kb.authors ENABLE ROW LEVEL SECURITY;
ALTER TABLE kb.authors FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON kb.authors
    USING (account_id = nullif(current_setting('kb.account', true), '')::integer)
    WITH CHECK (account_id = nullif(current_setting('kb.account', true), '')::integer);

GRANT USAGE ON SCHEMA kb TO c_policy_null_flag_public;
GRANT SELECT, INSERT, UPDATE, DELETE ON kb.articles, kb.authors TO c_policy_null_flag_public;

INSERT INTO kb.accounts VALUES (10, 'Linden'), (20, 'Maple'), (30, 'Nettle');
INSERT INTO kb.articles VALUES
    (10, 'vpn', 'How to reach the VPN', true), (10, 'lunch', 'Menu', NULL),
    (20, 'incident-7', 'Breach of May, timeline', NULL), (20, 'salaries', 'Bands', true),
    (30, 'layout', 'Floor plan', NULL);
INSERT INTO kb.authors VALUES (10, 'a@linden.example'), (20, 'b@maple.example');
