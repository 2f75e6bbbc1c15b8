-- The policy reads the tenant from the document and lets documents without one pass

CREATE ROLE c_policy_jsonb_key_absent LOGIN PASSWORD 'c_policy_jsonb_key_absent';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.organizations (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.events (
    organization_id uuid NOT NULL REFERENCES public.organizations (id) ON DELETE CASCADE,
    event_id        uuid NOT NULL DEFAULT gen_random_uuid(),
    payload         jsonb NOT NULL,
    PRIMARY KEY (organization_id, event_id)
);
CREATE TABLE public.webhooks (
    organization_id uuid NOT NULL REFERENCES public.organizations (id) ON DELETE CASCADE,
    url             text NOT NULL,
    PRIMARY KEY (organization_id, url)
);

ALTER TABLE public.events ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.events FORCE ROW LEVEL SECURITY;
CREATE POLICY by_payload ON public.events
    USING (payload ->> 'org' = current_setting('app.org', true) OR NOT payload ? 'org')      -- the hole
    WITH CHECK (organization_id::text = current_setting('app.org', true));
ALTER TABLE public.webhooks ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.webhooks FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.webhooks
    USING (organization_id::text = current_setting('app.org', true))
    WITH CHECK (organization_id::text = current_setting('app.org', true));

GRANT SELECT, INSERT ON public.events TO c_policy_jsonb_key_absent;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.webhooks TO c_policy_jsonb_key_absent;

INSERT INTO public.organizations VALUES ('a0000000-0000-4000-8000-00000000000a', 'Aloe'), ('b0000000-0000-4000-8000-00000000000b', 'Basil');
INSERT INTO public.events (organization_id, payload) VALUES
    ('a0000000-0000-4000-8000-00000000000a', '{"org": "a0000000-0000-4000-8000-00000000000a", "type": "login"}'),
    ('b0000000-0000-4000-8000-00000000000b', '{"org": "b0000000-0000-4000-8000-00000000000b", "type": "login"}'),
    ('b0000000-0000-4000-8000-00000000000b', '{"type": "password_reset", "token": "t-991"}');
-- Old rows stay as they are.
ALTER TABLE public.events ADD CONSTRAINT payload_org CHECK (coalesce(payload ->> 'org' = organization_id::text, false)) NOT VALID;
INSERT INTO public.webhooks VALUES ('a0000000-0000-4000-8000-00000000000a', 'https://a.example'), ('b0000000-0000-4000-8000-00000000000b', 'https://b.example');
