-- In an SQL function the column hides the parameter of the same name

CREATE ROLE c_policy_parameter_capture LOGIN PASSWORD 'c_policy_parameter_capture';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.orgs (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.memberships (
    member_org uuid NOT NULL REFERENCES public.orgs (id) ON DELETE CASCADE,
    org_id     uuid NOT NULL REFERENCES public.orgs (id) ON DELETE CASCADE,
    PRIMARY KEY (member_org, org_id)
);
CREATE INDEX ON public.memberships (org_id);
CREATE TABLE public.boards (
    org_id uuid NOT NULL REFERENCES public.orgs (id) ON DELETE CASCADE,
    title  text NOT NULL,
    PRIMARY KEY (org_id, title)
);
CREATE FUNCTION public.is_member(org_id uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT EXISTS (SELECT 1 FROM public.memberships m
                         WHERE m.member_org = nullif(current_setting('app.org', true), '')::uuid
                           AND m.org_id = org_id) $$;                     -- the hole: is_member.org_id
REVOKE EXECUTE ON FUNCTION public.is_member(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.is_member(uuid) TO c_policy_parameter_capture;
ALTER TABLE public.boards ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.boards FORCE ROW LEVEL SECURITY;
CREATE POLICY members ON public.boards USING (public.is_member(org_id));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.boards TO c_policy_parameter_capture;

INSERT INTO public.orgs VALUES ('4e000000-0000-4000-8000-000000000001', 'Tern'), ('4e000000-0000-4000-8000-000000000002', 'Gull');
INSERT INTO public.memberships VALUES ('4e000000-0000-4000-8000-000000000001', '4e000000-0000-4000-8000-000000000001'),
    ('4e000000-0000-4000-8000-000000000002', '4e000000-0000-4000-8000-000000000002');
INSERT INTO public.boards VALUES ('4e000000-0000-4000-8000-000000000001', 'Nest'), ('4e000000-0000-4000-8000-000000000002', 'Cliff'), ('4e000000-0000-4000-8000-000000000002', 'Fish');
