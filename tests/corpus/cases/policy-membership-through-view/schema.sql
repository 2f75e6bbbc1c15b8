-- The membership table is out of reach, a view on it is not

CREATE ROLE c_policy_membership_through_view LOGIN PASSWORD 'c_policy_membership_through_view';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.workspaces (
    workspace text PRIMARY KEY,
    title     text NOT NULL
);
CREATE TABLE public.memberships (
    workspace     text NOT NULL REFERENCES public.workspaces (workspace) ON DELETE CASCADE,
    user_email    text NOT NULL,
    display_name  text NOT NULL,
    can_read_from text NOT NULL REFERENCES public.workspaces (workspace) ON DELETE CASCADE,
    PRIMARY KEY (workspace, user_email)
);
CREATE INDEX ON public.memberships (can_read_from);
CREATE TABLE public.documents (
    workspace text NOT NULL REFERENCES public.workspaces (workspace) ON DELETE CASCADE,
    title     text NOT NULL,
    body      text NOT NULL,
    PRIMARY KEY (workspace, title)
);
CREATE FUNCTION public.readable() RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT m.can_read_from FROM public.memberships m WHERE m.workspace = current_setting('app.workspace', true) $$;
REVOKE EXECUTE ON FUNCTION public.readable() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.readable() TO c_policy_membership_through_view;

CREATE VIEW public.my_profile AS
    SELECT user_email, display_name, can_read_from FROM public.memberships
    WHERE workspace = current_setting('app.workspace', true)
    WITH CHECK OPTION;

ALTER TABLE public.memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.memberships FORCE ROW LEVEL SECURITY;
ALTER TABLE public.documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.documents FORCE ROW LEVEL SECURITY;
CREATE POLICY members ON public.documents FOR SELECT USING (workspace IN (SELECT public.readable()));
CREATE POLICY own_insert ON public.documents FOR INSERT WITH CHECK (workspace = current_setting('app.workspace', true));
CREATE POLICY own_delete ON public.documents FOR DELETE USING (workspace = current_setting('app.workspace', true));

GRANT SELECT, INSERT, DELETE ON public.documents TO c_policy_membership_through_view;
GRANT SELECT, UPDATE ON public.my_profile TO c_policy_membership_through_view;      -- the hole: should be UPDATE (display_name)

INSERT INTO public.workspaces VALUES ('wk-alpha', 'Alpha'), ('wk-beta', 'Beta');
INSERT INTO public.memberships VALUES ('wk-alpha', 'al@alpha.example', 'Al', 'wk-alpha'), ('wk-beta', 'be@beta.example', 'Be', 'wk-beta');
INSERT INTO public.documents VALUES ('wk-alpha', 'Plan', 'A'), ('wk-beta', 'Plan', 'B'), ('wk-beta', 'Budget', 'B2');
