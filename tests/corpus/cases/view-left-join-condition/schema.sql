-- The tenant test stands in the ON of a LEFT JOIN

REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE ROLE c_view_left_join_condition LOGIN PASSWORD 'c_view_left_join_condition';
CREATE ROLE c_view_left_join_condition_views NOLOGIN BYPASSRLS;
CREATE SCHEMA helpdesk;
CREATE TABLE helpdesk.clients (
    client_id uuid PRIMARY KEY,
    name      text NOT NULL
);
CREATE TABLE helpdesk.tickets (
    client_id uuid NOT NULL REFERENCES helpdesk.clients (client_id) ON DELETE CASCADE,
    ticket_no integer NOT NULL,
    subject   text NOT NULL,
    PRIMARY KEY (client_id, ticket_no)
);
ALTER TABLE helpdesk.tickets ENABLE ROW LEVEL SECURITY;
ALTER TABLE helpdesk.tickets FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON helpdesk.tickets
    USING (client_id = nullif(current_setting('helpdesk.client', true), '')::uuid)
    WITH CHECK (client_id = nullif(current_setting('helpdesk.client', true), '')::uuid);
GRANT USAGE ON SCHEMA helpdesk TO c_view_left_join_condition, c_view_left_join_condition_views;
GRANT SELECT ON helpdesk.clients, helpdesk.tickets TO c_view_left_join_condition_views;

CREATE VIEW helpdesk.ticket_list AS
    SELECT t.ticket_no, t.subject, c.name AS client
    FROM helpdesk.tickets t
    LEFT JOIN helpdesk.clients c ON c.client_id = t.client_id
                                AND c.client_id = nullif(current_setting('helpdesk.client', true), '')::uuid;   -- the hole
ALTER VIEW helpdesk.ticket_list OWNER TO c_view_left_join_condition_views;
ALTER VIEW helpdesk.ticket_list SET (security_barrier = true);
GRANT SELECT ON helpdesk.ticket_list TO c_view_left_join_condition;
GRANT SELECT, INSERT, UPDATE ON helpdesk.tickets TO c_view_left_join_condition;

INSERT INTO helpdesk.clients VALUES ('0f000000-0000-4000-8000-000000000001', 'Umber'), ('0f000000-0000-4000-8000-000000000002', 'Violet');
INSERT INTO helpdesk.tickets VALUES ('0f000000-0000-4000-8000-000000000001', 1, 'umber: login'), ('0f000000-0000-4000-8000-000000000002', 1, 'violet: breach'),
    ('0f000000-0000-4000-8000-000000000002', 2, 'violet: bill');
