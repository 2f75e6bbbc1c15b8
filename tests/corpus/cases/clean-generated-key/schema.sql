-- The key is a generated column over a JSON document

CREATE ROLE c_clean_generated_key LOGIN PASSWORD 'c_clean_generated_key';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.organizations (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.events (
    doc             jsonb NOT NULL,
    organization_id uuid NOT NULL GENERATED ALWAYS AS ((doc ->> 'org')::uuid) STORED REFERENCES public.organizations (id),
    event_id        uuid NOT NULL GENERATED ALWAYS AS ((doc #>> '{meta,id}')::uuid) STORED,
    PRIMARY KEY (organization_id, event_id)
);
CREATE TABLE public.profiles (
    doc             jsonb NOT NULL,
    organization_id text NOT NULL GENERATED ALWAYS AS (doc ->> 'org') STORED,
    handle          text NOT NULL GENERATED ALWAYS AS (doc ->> 'handle') STORED,
    PRIMARY KEY (organization_id, handle)
);
ALTER TABLE public.organizations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON public.organizations USING (id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
CREATE POLICY own ON public.events USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
CREATE POLICY own ON public.profiles USING (organization_id = NULLIF(current_setting('app.organization_id', true), ''));

GRANT SELECT ON public.organizations TO c_clean_generated_key;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.events, public.profiles TO c_clean_generated_key;

INSERT INTO public.organizations VALUES ('6f000000-0000-4000-8000-00000000000a', 'Kestrel'), ('6f000000-0000-4000-8000-00000000000b', 'Lark');
INSERT INTO public.events VALUES
    ('{"org": "6f000000-0000-4000-8000-00000000000a", "meta": {"id": "e0000000-0000-4000-8000-000000000001"}, "kind": "login"}'),
    ('{"org": "6f000000-0000-4000-8000-00000000000b", "meta": {"id": "e0000000-0000-4000-8000-000000000001"}, "kind": "wire"}'),
    ('{"org": "6f000000-0000-4000-8000-00000000000b", "meta": {"id": "e0000000-0000-4000-8000-000000000002"}, "kind": "login"}');
INSERT INTO public.profiles VALUES
    ('{"org": "6f000000-0000-4000-8000-00000000000a", "handle": "ana"}'), ('{"org": "6f000000-0000-4000-8000-00000000000b", "handle": "ben", "salary": 9100}');
