-- The policy digs the organization out of a JSON claims setting

CREATE ROLE c_clean_jwt_claims_json LOGIN PASSWORD 'c_clean_jwt_claims_json';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.orgs (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE public.projects (
    org_id uuid NOT NULL REFERENCES public.orgs (id),
    id     uuid NOT NULL DEFAULT gen_random_uuid(),
    title  text NOT NULL,
    PRIMARY KEY (org_id, id)
);

CREATE TABLE public.time_entries (
    org_id     uuid NOT NULL,
    project_id uuid NOT NULL,
    day        date NOT NULL,
    minutes    integer NOT NULL CHECK (minutes > 0),
    PRIMARY KEY (org_id, project_id, day),
    FOREIGN KEY (org_id, project_id) REFERENCES public.projects (org_id, id) ON DELETE CASCADE
);

ALTER TABLE public.orgs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.projects ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.time_entries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_org ON public.orgs FOR SELECT TO c_clean_jwt_claims_json
    USING (id = (NULLIF(current_setting('request.jwt.claims', true), '')::json ->> 'org_id')::uuid);
CREATE POLICY own_projects ON public.projects TO c_clean_jwt_claims_json
    USING (org_id = (NULLIF(current_setting('request.jwt.claims', true), '')::json ->> 'org_id')::uuid);
CREATE POLICY own_entries ON public.time_entries TO c_clean_jwt_claims_json
    USING (org_id = (SELECT (NULLIF(current_setting('request.jwt.claims', true), '')::jsonb #>> '{org_id}')::uuid));

GRANT SELECT ON public.orgs TO c_clean_jwt_claims_json;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.projects, public.time_entries TO c_clean_jwt_claims_json;

INSERT INTO public.orgs VALUES ('5b0c7f0e-3f0a-4a53-9d0b-6a1f4f6a0a01', 'Holm Architects'), ('5b0c7f0e-3f0a-4a53-9d0b-6a1f4f6a0b02', 'Ivory Labs');
INSERT INTO public.projects VALUES
    ('5b0c7f0e-3f0a-4a53-9d0b-6a1f4f6a0a01', 'aaaaaaaa-0000-4000-8000-000000000001', 'Harbour pavilion'),
    ('5b0c7f0e-3f0a-4a53-9d0b-6a1f4f6a0b02', 'bbbbbbbb-0000-4000-8000-000000000001', 'Compound 9'),
    ('5b0c7f0e-3f0a-4a53-9d0b-6a1f4f6a0b02', 'bbbbbbbb-0000-4000-8000-000000000002', 'Compound 12');
INSERT INTO public.time_entries VALUES
    ('5b0c7f0e-3f0a-4a53-9d0b-6a1f4f6a0a01', 'aaaaaaaa-0000-4000-8000-000000000001', '2025-03-03', 90),
    ('5b0c7f0e-3f0a-4a53-9d0b-6a1f4f6a0b02', 'bbbbbbbb-0000-4000-8000-000000000001', '2025-03-03', 480),
    ('5b0c7f0e-3f0a-4a53-9d0b-6a1f4f6a0b02', 'bbbbbbbb-0000-4000-8000-000000000002', '2025-03-04', 30);
