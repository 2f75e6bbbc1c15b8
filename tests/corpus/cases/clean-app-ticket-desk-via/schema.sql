-- A ticket desk whose children reach the brand through three parents

CREATE ROLE c_clean_app_ticket_desk_via LOGIN PASSWORD 'c_clean_app_ticket_desk_via';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA desk;
CREATE TABLE desk.brands (
    id uuid PRIMARY KEY
);
CREATE TABLE desk.priorities (
    priority text PRIMARY KEY,
    hours    integer NOT NULL
);
CREATE TABLE desk.queues (
    id       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    brand_id uuid NOT NULL REFERENCES desk.brands (id),
    name     text NOT NULL,
    UNIQUE (brand_id, name)
);
CREATE TABLE desk.tickets (
    id       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    queue_id uuid NOT NULL REFERENCES desk.queues (id),
    subject  text NOT NULL,
    priority text NOT NULL DEFAULT 'low' REFERENCES desk.priorities (priority),
    opened   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON desk.tickets (queue_id);
CREATE TABLE desk.messages (
    id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ticket_id uuid NOT NULL REFERENCES desk.tickets (id),
    body      text NOT NULL,
    tsv       tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, body)) STORED
);
CREATE INDEX ON desk.messages (ticket_id);
CREATE TABLE desk.reactions (
    message_id uuid NOT NULL REFERENCES desk.messages (id),
    emoji      text NOT NULL,
    PRIMARY KEY (message_id, emoji)
);
ALTER TABLE desk.brands ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY self ON desk.brands FOR SELECT USING (id = nullif(current_setting('desk.brand', true), '')::uuid);
ALTER TABLE desk.queues ENABLE ROW LEVEL SECURITY;
ALTER TABLE desk.queues FORCE ROW LEVEL SECURITY;
CREATE POLICY brand ON desk.queues
    USING (brand_id = nullif(current_setting('desk.brand', true), '')::uuid)
    WITH CHECK (brand_id = nullif(current_setting('desk.brand', true), '')::uuid);
ALTER TABLE desk.tickets ENABLE ROW LEVEL SECURITY;
ALTER TABLE desk.tickets FORCE ROW LEVEL SECURITY;
CREATE POLICY of_queue ON desk.tickets
    USING (EXISTS (SELECT 1 FROM desk.queues q WHERE q.id = tickets.queue_id AND q.brand_id = (SELECT nullif(current_setting('desk.brand', true), '')::uuid)))
    WITH CHECK (EXISTS (SELECT 1 FROM desk.queues q WHERE q.id = tickets.queue_id AND q.brand_id = (SELECT nullif(current_setting('desk.brand', true), '')::uuid)));
ALTER TABLE desk.messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE desk.messages FORCE ROW LEVEL SECURITY;
CREATE POLICY of_ticket ON desk.messages
    USING (ticket_id IN (SELECT t.id FROM desk.tickets t JOIN desk.queues q ON q.id = t.queue_id WHERE q.brand_id = nullif(current_setting('desk.brand', true), '')::uuid))
    WITH CHECK (ticket_id IN (SELECT t.id FROM desk.tickets t JOIN desk.queues q ON q.id = t.queue_id WHERE q.brand_id = nullif(current_setting('desk.brand', true), '')::uuid));
ALTER TABLE desk.reactions ENABLE ROW LEVEL SECURITY;
ALTER TABLE desk.reactions FORCE ROW LEVEL SECURITY;
CREATE POLICY of_message ON desk.reactions
    USING (EXISTS (SELECT 1 FROM desk.messages m JOIN desk.tickets t ON t.id = m.ticket_id JOIN desk.queues q ON q.id = t.queue_id WHERE m.id = reactions.message_id AND q.brand_id = nullif(current_setting('desk.brand', true), '')::uuid))
    WITH CHECK (EXISTS (SELECT 1 FROM desk.messages m JOIN desk.tickets t ON t.id = m.ticket_id JOIN desk.queues q ON q.id = t.queue_id WHERE m.id = reactions.message_id AND q.brand_id = nullif(current_setting('desk.brand', true), '')::uuid));
CREATE FUNCTION desk.search(p_words text, p_priority text[] DEFAULT '{low,high}') RETURNS TABLE (ticket uuid, subject text, rank real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_brand uuid := nullif(current_setting('desk.brand', true), '')::uuid;
    v_sql   text := 'SELECT t.id, t.subject, max(ts_rank(m.tsv, q)) FROM desk.messages m JOIN desk.tickets t ON t.id = m.ticket_id
                     JOIN desk.queues k ON k.id = t.queue_id, plainto_tsquery(''simple'', $2) AS q WHERE k.brand_id = $1 AND m.tsv @@ q AND t.priority = ANY ($3)
                     GROUP BY t.id, t.subject ORDER BY 3 DESC';
BEGIN
    IF v_brand IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE v_sql USING v_brand, p_words, p_priority;
END $$;
CREATE FUNCTION desk.escalate(p_ticket uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_brand uuid;
BEGIN
    SELECT q.brand_id INTO v_brand FROM desk.tickets t JOIN desk.queues q ON q.id = t.queue_id WHERE t.id = p_ticket;
    IF v_brand IS NULL OR v_brand IS DISTINCT FROM nullif(current_setting('desk.brand', true), '')::uuid THEN
        RAISE EXCEPTION 'no such ticket';
    END IF;
    UPDATE desk.tickets SET priority = 'high' WHERE id = p_ticket;
    RETURN true;
END $$;
CREATE VIEW desk.sla_breaches WITH (security_barrier) AS
    SELECT t.id, t.subject, now() - t.opened AS age
    FROM desk.queues q JOIN desk.tickets t ON t.queue_id = q.id JOIN desk.priorities p USING (priority)
    WHERE q.brand_id = nullif(current_setting('desk.brand', true), '')::uuid AND t.opened < now() - make_interval(hours => p.hours);
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA desk FROM PUBLIC;
GRANT USAGE ON SCHEMA desk TO c_clean_app_ticket_desk_via;
GRANT EXECUTE ON FUNCTION desk.search(text, text[]), desk.escalate(uuid) TO c_clean_app_ticket_desk_via;
GRANT SELECT ON desk.brands, desk.priorities, desk.sla_breaches TO c_clean_app_ticket_desk_via;
GRANT SELECT, INSERT, UPDATE, DELETE ON desk.queues, desk.tickets, desk.messages, desk.reactions TO c_clean_app_ticket_desk_via;
INSERT INTO desk.brands VALUES ('a0000000-0000-4000-8000-0000000000aa'), ('b0000000-0000-4000-8000-0000000000bb');
INSERT INTO desk.priorities VALUES ('low', 72), ('high', 4);
INSERT INTO desk.queues VALUES ('a1000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-0000000000aa', 'Support'), ('b1000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-0000000000bb', 'Legal');
INSERT INTO desk.tickets VALUES ('a2000000-0000-4000-8000-000000000001', 'a1000000-0000-4000-8000-000000000001', 'Help', 'low', '2024-01-01'), ('b2000000-0000-4000-8000-000000000001', 'b1000000-0000-4000-8000-000000000001', 'Lawsuit', 'low', '2024-01-01');
INSERT INTO desk.messages VALUES ('a3000000-0000-4000-8000-000000000001', 'a2000000-0000-4000-8000-000000000001', 'the printer burns'), ('b3000000-0000-4000-8000-000000000001', 'b2000000-0000-4000-8000-000000000001', 'the printer sues us');
INSERT INTO desk.reactions VALUES ('b3000000-0000-4000-8000-000000000001', ':gavel:');
