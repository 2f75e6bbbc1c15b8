-- A comment can be moved under another tenant's ticket

CREATE ROLE c_write_child_reparented LOGIN PASSWORD 'c_write_child_reparented';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.teams (
    team_id bigint PRIMARY KEY,
    name    text NOT NULL
);
CREATE TABLE public.tickets (
    ticket_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id   bigint NOT NULL REFERENCES public.teams (team_id) ON DELETE CASCADE,
    subject   text NOT NULL
);
CREATE INDEX ON public.tickets (team_id);
CREATE TABLE public.comments (
    comment_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ticket_id  uuid NOT NULL REFERENCES public.tickets (ticket_id) ON DELETE CASCADE,
    body       text NOT NULL
);
CREATE INDEX ON public.comments (ticket_id);

ALTER TABLE public.tickets ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.tickets FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.tickets
    USING (team_id = nullif(current_setting('desk.team', true), '')::bigint)
    WITH CHECK (team_id = nullif(current_setting('desk.team', true), '')::bigint);
ALTER TABLE public.comments ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.comments FORCE ROW LEVEL SECURITY;
CREATE POLICY see ON public.comments FOR SELECT
    USING (ticket_id IN (SELECT t.ticket_id FROM public.tickets t WHERE t.team_id = nullif(current_setting('desk.team', true), '')::bigint));
CREATE POLICY post ON public.comments FOR INSERT
    WITH CHECK (ticket_id IN (SELECT t.ticket_id FROM public.tickets t WHERE t.team_id = nullif(current_setting('desk.team', true), '')::bigint));
CREATE POLICY edit ON public.comments FOR UPDATE
    USING (ticket_id IN (SELECT t.ticket_id FROM public.tickets t WHERE t.team_id = nullif(current_setting('desk.team', true), '')::bigint))
    WITH CHECK (length(body) < 4000);                                             -- the hole

GRANT SELECT, INSERT, UPDATE, DELETE ON public.tickets TO c_write_child_reparented;
GRANT SELECT, INSERT, UPDATE ON public.comments TO c_write_child_reparented;

INSERT INTO public.teams VALUES (2001, 'Iris'), (2002, 'Jasmin');
INSERT INTO public.tickets VALUES ('10000000-0000-4000-8000-000000000001', 2001, 'Printer'), ('20000000-0000-4000-8000-000000000001', 2002, 'Refund');
INSERT INTO public.comments (ticket_id, body) VALUES ('10000000-0000-4000-8000-000000000001', 'Off and on?'), ('20000000-0000-4000-8000-000000000001', 'Approve 900');
