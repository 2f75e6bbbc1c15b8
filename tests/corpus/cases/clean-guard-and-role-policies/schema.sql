-- A guard TO PUBLIC, and permissive policies per job that ignore the tenant

CREATE ROLE c_clean_guard_and_role_policies_desk NOLOGIN;
CREATE ROLE c_clean_guard_and_role_policies LOGIN PASSWORD 'c_clean_guard_and_role_policies' IN ROLE c_clean_guard_and_role_policies_desk;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.workspaces (
    id   integer PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.tickets (
    workspace_id integer NOT NULL REFERENCES public.workspaces (id),
    no           integer NOT NULL,
    assignee     text,
    subject      text NOT NULL,
    deleted_at   timestamptz,
    PRIMARY KEY (workspace_id, no)
);
CREATE TABLE public.ticket_replies (
    workspace_id integer NOT NULL,
    ticket_no    integer NOT NULL,
    id           uuid NOT NULL DEFAULT gen_random_uuid(),
    body         text NOT NULL,
    internal     boolean NOT NULL DEFAULT false,
    PRIMARY KEY (workspace_id, ticket_no, id),
    FOREIGN KEY (workspace_id, ticket_no) REFERENCES public.tickets (workspace_id, no)
);
ALTER TABLE public.workspaces ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.tickets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.ticket_replies ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY ws_guard ON public.workspaces AS RESTRICTIVE
    USING (id = NULLIF(current_setting('app.workspace_id', true), '')::int);
CREATE POLICY ws_guard ON public.tickets AS RESTRICTIVE
    USING (workspace_id = NULLIF(current_setting('app.workspace_id', true), '')::int);
CREATE POLICY ws_guard ON public.ticket_replies AS RESTRICTIVE
    USING (workspace_id = NULLIF(current_setting('app.workspace_id', true), '')::int);

CREATE POLICY anyone ON public.workspaces FOR SELECT USING (true);
-- Nobody sees what was deleted; it may still be marked so.
CREATE POLICY not_deleted ON public.tickets AS RESTRICTIVE FOR SELECT TO c_clean_guard_and_role_policies_desk
    USING (deleted_at IS NULL);
CREATE POLICY agent_reads ON public.tickets FOR SELECT TO c_clean_guard_and_role_policies_desk
    USING (assignee = current_setting('app.login', true) OR assignee IS NULL);
CREATE POLICY manager_reads ON public.tickets FOR SELECT TO c_clean_guard_and_role_policies_desk
    USING (current_setting('app.job', true) = 'manager');
CREATE POLICY opens ON public.tickets FOR INSERT TO c_clean_guard_and_role_policies_desk WITH CHECK (true);
CREATE POLICY works ON public.tickets FOR UPDATE TO c_clean_guard_and_role_policies_desk USING (true) WITH CHECK (true);
CREATE POLICY public_replies ON public.ticket_replies FOR SELECT TO c_clean_guard_and_role_policies_desk USING (NOT internal);
CREATE POLICY internal_replies ON public.ticket_replies FOR SELECT TO c_clean_guard_and_role_policies_desk
    USING (internal AND current_setting('app.job', true) IN ('agent', 'manager'));
CREATE POLICY replies ON public.ticket_replies FOR INSERT TO c_clean_guard_and_role_policies_desk WITH CHECK (body <> '');

GRANT SELECT ON public.workspaces TO c_clean_guard_and_role_policies_desk;
GRANT SELECT, INSERT, UPDATE ON public.tickets TO c_clean_guard_and_role_policies_desk;
GRANT SELECT, INSERT ON public.ticket_replies TO c_clean_guard_and_role_policies_desk;

INSERT INTO public.workspaces VALUES (31, 'Nimbus'), (32, 'Orchid');
INSERT INTO public.tickets VALUES
    (31, 1, 'ann', 'printer', NULL), (31, 2, NULL, 'vpn', now()),
    (32, 1, 'ann', 'breach report', NULL), (32, 2, NULL, 'refund', NULL);
INSERT INTO public.ticket_replies (workspace_id, ticket_no, body, internal) VALUES
    (31, 1, 'rebooted', false), (32, 1, 'do not tell the press', true), (32, 2, 'paid', false);
