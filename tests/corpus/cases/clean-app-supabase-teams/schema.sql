-- A Supabase-like project: auth schema, memberships, boards and cards

CREATE ROLE c_clean_app_supabase_teams LOGIN PASSWORD 'c_clean_app_supabase_teams';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA auth;
CREATE SCHEMA private;
CREATE TABLE auth.users (
    id    uuid PRIMARY KEY,
    email text NOT NULL
);
CREATE TABLE public.organizations (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TYPE public.member_role AS ENUM ('viewer', 'editor', 'admin');
CREATE TABLE public.members (
    org_id  uuid NOT NULL REFERENCES public.organizations (id),
    user_id uuid NOT NULL REFERENCES auth.users (id),
    role    public.member_role NOT NULL DEFAULT 'viewer',
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX ON public.members (user_id);
CREATE TABLE public.boards (
    org_id uuid NOT NULL REFERENCES public.organizations (id),
    id     uuid NOT NULL DEFAULT gen_random_uuid(),
    title  text NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE TABLE public.cards (
    org_id   uuid NOT NULL,
    board_id uuid NOT NULL,
    position integer NOT NULL,
    body     text NOT NULL,
    PRIMARY KEY (org_id, board_id, position),
    FOREIGN KEY (org_id, board_id) REFERENCES public.boards (org_id, id) ON DELETE CASCADE
);
CREATE TABLE public.invitations (
    org_id uuid NOT NULL REFERENCES public.organizations (id),
    email  text NOT NULL CHECK (email = lower(email)),
    role   public.member_role NOT NULL,
    PRIMARY KEY (org_id, email)
);
CREATE TABLE public.activity (
    org_id uuid NOT NULL REFERENCES public.organizations (id),
    id     uuid NOT NULL DEFAULT gen_random_uuid(),
    actor  uuid,
    verb   text NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE FUNCTION private.is_member(p_org uuid, p_least public.member_role) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM public.members m WHERE m.org_id = p_org AND m.user_id = auth.uid() AND m.role >= p_least) $$;
CREATE FUNCTION auth.org() RETURNS uuid LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v uuid := nullif(current_setting('request.org_id', true), '')::uuid;
BEGIN
    IF v IS NOT NULL AND private.is_member(v, 'viewer') THEN
        RETURN v;
    END IF;
    RETURN NULL;
END $$;
ALTER TABLE public.organizations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "members see their organization" ON public.organizations FOR SELECT USING (id = (SELECT auth.org()));
ALTER TABLE public.members ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "members see members" ON public.members FOR SELECT USING (org_id = (SELECT auth.org()));
ALTER TABLE public.boards ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "members read" ON public.boards FOR SELECT USING (org_id = (SELECT auth.org()));
CREATE POLICY "members add" ON public.boards FOR INSERT WITH CHECK (org_id = (SELECT auth.org()));
CREATE POLICY "members change" ON public.boards FOR UPDATE USING (org_id = (SELECT auth.org()));
CREATE POLICY "members delete" ON public.boards FOR DELETE USING (org_id = (SELECT auth.org()));
ALTER TABLE public.cards ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "members use cards" ON public.cards USING (org_id = (SELECT auth.org())) WITH CHECK (org_id = (SELECT auth.org()) AND length(body) < 10000);
ALTER TABLE public.invitations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "members see invitations" ON public.invitations FOR SELECT USING (org_id = (SELECT auth.org()));
ALTER TABLE public.activity ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "members read activity" ON public.activity FOR SELECT USING (org_id = (SELECT auth.org()));

CREATE FUNCTION private.log_board() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.activity (org_id, actor, verb) VALUES (coalesce(NEW.org_id, OLD.org_id), auth.uid(), lower(TG_OP));
    RETURN NULL;
END $$;
CREATE TRIGGER log_board AFTER INSERT OR UPDATE OR DELETE ON public.boards FOR EACH ROW EXECUTE FUNCTION private.log_board();
CREATE FUNCTION public.invite(p_email text, p_role public.member_role DEFAULT 'viewer') RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_org uuid := auth.org();
BEGIN
    IF v_org IS NULL OR NOT private.is_member(v_org, 'admin') THEN
        RAISE EXCEPTION 'only administrators invite';
    END IF;
    INSERT INTO public.invitations (org_id, email, role) VALUES (v_org, lower(p_email), p_role)
    ON CONFLICT (org_id, email) DO UPDATE SET role = EXCLUDED.role;
END $$;
-- The signed-in user takes up what was addressed to the own e-mail address.
CREATE FUNCTION public.accept_invitations() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    inv record;
    n   integer := 0;
BEGIN
    FOR inv IN SELECT i.org_id, i.email, i.role FROM public.invitations i JOIN auth.users u ON lower(u.email) = i.email WHERE u.id = auth.uid() LOOP
        INSERT INTO public.members (org_id, user_id, role) VALUES (inv.org_id, auth.uid(), inv.role) ON CONFLICT (org_id, user_id) DO NOTHING;
        DELETE FROM public.invitations i WHERE i.org_id = inv.org_id AND i.email = inv.email;
        n := n + 1;
    END LOOP;
    RETURN n;
END $$;
CREATE VIEW public.board_overview WITH (security_invoker = true) AS
    SELECT b.id, b.title, count(c.position) AS cards, json_agg(c.body ORDER BY c.position) AS bodies
    FROM public.boards b LEFT JOIN public.cards c ON c.org_id = b.org_id AND c.board_id = b.id GROUP BY b.id, b.title;
CREATE FUNCTION public.reorder(p_board uuid, p_order integer[]) RETURNS integer
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    i integer;
    n integer := 0;
BEGIN
    FOR i IN 1 .. coalesce(array_length(p_order, 1), 0) LOOP
        UPDATE public.cards SET position = 1000 + i WHERE board_id = p_board AND position = p_order[i];
        IF FOUND THEN n := n + 1; END IF;
    END LOOP;
    RETURN n;
END $$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public, auth, private FROM PUBLIC;
GRANT USAGE ON SCHEMA auth TO c_clean_app_supabase_teams;
GRANT EXECUTE ON FUNCTION auth.uid(), auth.org(), public.invite(text, public.member_role), public.accept_invitations(), public.reorder(uuid, integer[]) TO c_clean_app_supabase_teams;
GRANT SELECT ON public.organizations, public.members, public.invitations, public.activity, public.board_overview TO c_clean_app_supabase_teams;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.boards, public.cards TO c_clean_app_supabase_teams;
INSERT INTO auth.users VALUES ('0000aaaa-0000-4000-8000-000000000001', 'ann@a.example'), ('0000bbbb-0000-4000-8000-000000000002', 'bob@b.example');
INSERT INTO public.organizations VALUES ('aaaa0000-0000-4000-8000-000000000001', 'A'), ('bbbb0000-0000-4000-8000-000000000002', 'B');
INSERT INTO public.members VALUES ('aaaa0000-0000-4000-8000-000000000001', '0000aaaa-0000-4000-8000-000000000001', 'admin'), ('bbbb0000-0000-4000-8000-000000000002', '0000bbbb-0000-4000-8000-000000000002', 'editor');
INSERT INTO public.boards VALUES ('aaaa0000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-00000000000a', 'Ours'), ('bbbb0000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-00000000000b', 'Theirs');
INSERT INTO public.cards VALUES ('aaaa0000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-00000000000a', 1, 'milk'), ('bbbb0000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-00000000000b', 1, 'fire Carl');
