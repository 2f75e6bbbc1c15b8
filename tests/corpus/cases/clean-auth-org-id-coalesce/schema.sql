-- auth.org_id() takes the plain claim first and the claims document second

CREATE ROLE c_clean_auth_org_id_coalesce LOGIN PASSWORD 'c_clean_auth_org_id_coalesce';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA auth;
CREATE SCHEMA private;
GRANT USAGE ON SCHEMA auth, private TO c_clean_auth_org_id_coalesce;

CREATE TABLE public.organizations (
    id   uuid PRIMARY KEY,
    slug text NOT NULL
);
CREATE TABLE private.memberships (
    organization_id uuid NOT NULL REFERENCES public.organizations (id) ON DELETE CASCADE,
    user_id         uuid NOT NULL,
    role            text NOT NULL CHECK (role IN ('owner', 'member')),
    PRIMARY KEY (organization_id, user_id)
);
CREATE TABLE public.boards (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES public.organizations (id) ON DELETE CASCADE,
    name            text NOT NULL,
    UNIQUE (organization_id, id),
    UNIQUE (organization_id, name)
);
CREATE TABLE public.cards (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL,
    board_id        uuid NOT NULL,
    body            text NOT NULL,
    FOREIGN KEY (organization_id, board_id) REFERENCES public.boards (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX ON public.cards (organization_id, board_id);

CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE SET search_path = '' AS $$
    SELECT coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')
    )::uuid
$$;
CREATE FUNCTION auth.org_id() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        nullif(current_setting('request.jwt.claim.org_id', true), ''),
        (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'org_id')
    )::uuid
$$;
-- Runs as its owner because the application has no right to the memberships.
CREATE FUNCTION private.is_member(org uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT EXISTS (SELECT 1 FROM private.memberships m
                   WHERE m.organization_id = org
                     AND m.organization_id = auth.org_id()
                     AND m.user_id = auth.uid())
$$;
REVOKE EXECUTE ON FUNCTION private.is_member(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION private.is_member(uuid) TO c_clean_auth_org_id_coalesce;

ALTER TABLE public.organizations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE private.memberships ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.boards ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.cards ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY "Members can view their organization" ON public.organizations FOR SELECT
    USING (id = (SELECT auth.org_id()));
CREATE POLICY "Members can view boards" ON public.boards FOR SELECT
    USING (organization_id = (SELECT auth.org_id()) AND (SELECT private.is_member(auth.org_id())));
CREATE POLICY "Members can add boards" ON public.boards FOR INSERT
    WITH CHECK (organization_id = (SELECT auth.org_id()) AND private.is_member(organization_id));
CREATE POLICY "Members can rename boards" ON public.boards FOR UPDATE
    USING (organization_id = (SELECT auth.org_id()) AND private.is_member(organization_id))
    WITH CHECK (organization_id = (SELECT auth.org_id()));
CREATE POLICY "Members can use cards" ON public.cards
    USING (organization_id = auth.org_id() AND private.is_member(organization_id));

GRANT SELECT ON public.organizations TO c_clean_auth_org_id_coalesce;
GRANT SELECT, INSERT, UPDATE ON public.boards TO c_clean_auth_org_id_coalesce;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.cards TO c_clean_auth_org_id_coalesce;

INSERT INTO public.organizations VALUES ('0a4f4b1e-7a55-4c63-8a4e-3d2b1c000001', 'lumen'), ('0a4f4b1e-7a55-4c63-8a4e-3d2b1c000002', 'mosaic');
INSERT INTO private.memberships VALUES
    ('0a4f4b1e-7a55-4c63-8a4e-3d2b1c000001', '99999999-0000-4000-8000-00000000000a', 'owner'),
    ('0a4f4b1e-7a55-4c63-8a4e-3d2b1c000002', '99999999-0000-4000-8000-00000000000a', 'member'),
    ('0a4f4b1e-7a55-4c63-8a4e-3d2b1c000002', '99999999-0000-4000-8000-00000000000b', 'owner');
INSERT INTO public.boards VALUES
    ('a0a0a0a0-0000-4000-8000-000000000001', '0a4f4b1e-7a55-4c63-8a4e-3d2b1c000001', 'Roadmap'),
    ('b0b0b0b0-0000-4000-8000-000000000001', '0a4f4b1e-7a55-4c63-8a4e-3d2b1c000002', 'Roadmap'),
    ('b0b0b0b0-0000-4000-8000-000000000002', '0a4f4b1e-7a55-4c63-8a4e-3d2b1c000002', 'Hiring');
INSERT INTO public.cards (organization_id, board_id, body) VALUES
    ('0a4f4b1e-7a55-4c63-8a4e-3d2b1c000001', 'a0a0a0a0-0000-4000-8000-000000000001', 'dark mode'),
    ('0a4f4b1e-7a55-4c63-8a4e-3d2b1c000002', 'b0b0b0b0-0000-4000-8000-000000000001', 'sell the company'),
    ('0a4f4b1e-7a55-4c63-8a4e-3d2b1c000002', 'b0b0b0b0-0000-4000-8000-000000000002', 'offer to Dana');
