-- A many-to-many table that both its foreign keys tie to one organization

CREATE ROLE c_clean_link_table_own NOLOGIN;
CREATE ROLE c_clean_link_table LOGIN PASSWORD 'c_clean_link_table';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA crm AUTHORIZATION c_clean_link_table_own;
SET ROLE c_clean_link_table_own;
GRANT USAGE ON SCHEMA crm TO c_clean_link_table;

CREATE TABLE crm.orgs (
    org_no bigint PRIMARY KEY,
    name   text NOT NULL
);
CREATE TABLE crm.contacts (
    org_no bigint NOT NULL REFERENCES crm.orgs,
    email  text NOT NULL,
    PRIMARY KEY (org_no, email)
);
CREATE TABLE crm.lists (
    org_no bigint NOT NULL REFERENCES crm.orgs,
    name   text NOT NULL,
    PRIMARY KEY (org_no, name)
);
CREATE TABLE crm.contact_lists (
    org_no bigint NOT NULL,
    email  text NOT NULL,
    list   text NOT NULL,
    score  integer NOT NULL DEFAULT 0,
    PRIMARY KEY (org_no, email, list),
    FOREIGN KEY (org_no, email) REFERENCES crm.contacts (org_no, email) ON UPDATE CASCADE ON DELETE CASCADE,
    FOREIGN KEY (org_no, list) REFERENCES crm.lists (org_no, name) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX ON crm.contact_lists (org_no, list);
INSERT INTO crm.orgs VALUES (100200300400, 'Dune'), (100200300401, 'Elm');
INSERT INTO crm.contacts VALUES (100200300400, 'fay@one.example'), (100200300401, 'gus@two.example'), (100200300401, 'fay@one.example');
INSERT INTO crm.lists VALUES (100200300400, 'news'), (100200300401, 'news'), (100200300401, 'churn');
INSERT INTO crm.contact_lists VALUES (100200300400, 'fay@one.example', 'news', 1), (100200300401, 'gus@two.example', 'churn', 2), (100200300401, 'fay@one.example', 'news', 3);

ALTER TABLE crm.orgs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE crm.contacts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE crm.lists ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE crm.contact_lists ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON crm.orgs USING (org_no = NULLIF(current_setting('crm.org_no', true), '')::bigint);
CREATE POLICY own ON crm.contacts USING (org_no = NULLIF(current_setting('crm.org_no', true), '')::bigint);
CREATE POLICY own ON crm.lists USING (org_no = NULLIF(current_setting('crm.org_no', true), '')::bigint);
-- Both ends again, though the foreign keys say it already.
CREATE POLICY own ON crm.contact_lists
    USING (EXISTS (SELECT FROM crm.contacts c WHERE (c.org_no, c.email) = (contact_lists.org_no, contact_lists.email))
       AND org_no = NULLIF(current_setting('crm.org_no', true), '')::bigint
       AND list IN (SELECT l.name FROM crm.lists l WHERE l.org_no = contact_lists.org_no));

GRANT SELECT ON crm.orgs TO c_clean_link_table;
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.contacts, crm.lists, crm.contact_lists TO c_clean_link_table;
RESET ROLE;
