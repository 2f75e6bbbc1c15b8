-- A definer's accept_invite() makes anybody a member

CREATE ROLE c_policy_invite_accepted_by_anyone LOGIN PASSWORD 'c_policy_invite_accepted_by_anyone';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.orgs (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.projects (
    org_id uuid NOT NULL REFERENCES public.orgs (id) ON DELETE CASCADE,
    id     uuid NOT NULL DEFAULT gen_random_uuid(),
    name   text NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE TABLE public.invitations (
    org_id     uuid NOT NULL REFERENCES public.orgs (id) ON DELETE CASCADE,
    guest_org  uuid NOT NULL REFERENCES public.orgs (id) ON DELETE CASCADE,
    PRIMARY KEY (org_id, guest_org)
);
CREATE INDEX ON public.invitations (guest_org);
CREATE TABLE public.guest_of (
    org_id   uuid NOT NULL REFERENCES public.orgs (id) ON DELETE CASCADE,     -- who may read
    host_org uuid NOT NULL REFERENCES public.orgs (id) ON DELETE CASCADE,
    PRIMARY KEY (org_id, host_org)
);
CREATE INDEX ON public.guest_of (host_org);

ALTER TABLE public.guest_of ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.guest_of FORCE ROW LEVEL SECURITY;
CREATE POLICY guest ON public.guest_of FOR SELECT
    USING (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
ALTER TABLE public.invitations ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.invitations FORCE ROW LEVEL SECURITY;
CREATE POLICY host ON public.invitations
    USING (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
ALTER TABLE public.projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.projects FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON public.projects
    USING (org_id = nullif(current_setting('app.org_id', true), '')::uuid);
CREATE POLICY shared ON public.projects FOR SELECT
    USING (EXISTS (SELECT FROM public.guest_of g WHERE g.host_org = projects.org_id
                     AND g.org_id = nullif(current_setting('app.org_id', true), '')::uuid));

CREATE FUNCTION public.accept_invite(p_org uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE me uuid := nullif(current_setting('app.org_id', true), '')::uuid;
BEGIN
    DELETE FROM public.invitations i WHERE i.org_id = p_org AND i.guest_org = me;
    -- The hole: no IF NOT FOUND THEN RAISE.
    INSERT INTO public.guest_of VALUES (me, p_org) ON CONFLICT DO NOTHING;
END $$;
REVOKE EXECUTE ON FUNCTION public.accept_invite(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.accept_invite(uuid) TO c_policy_invite_accepted_by_anyone;
GRANT SELECT ON public.guest_of TO c_policy_invite_accepted_by_anyone;
GRANT SELECT, INSERT, DELETE ON public.invitations TO c_policy_invite_accepted_by_anyone;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.projects TO c_policy_invite_accepted_by_anyone;

INSERT INTO public.orgs VALUES ('0000aaaa-0000-4000-8000-000000000001', 'Aster'), ('0000bbbb-0000-4000-8000-000000000001', 'Begonia'),
    ('0000cccc-0000-4000-8000-000000000001', 'Clover');
INSERT INTO public.projects (org_id, name) VALUES ('0000aaaa-0000-4000-8000-000000000001', 'Site'),
    ('0000bbbb-0000-4000-8000-000000000001', 'Patent filing'), ('0000bbbb-0000-4000-8000-000000000001', 'Hiring');
INSERT INTO public.invitations VALUES ('0000bbbb-0000-4000-8000-000000000001', '0000cccc-0000-4000-8000-000000000001');
