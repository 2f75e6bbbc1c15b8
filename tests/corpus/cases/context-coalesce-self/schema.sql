-- Without a context the key is compared with itself, for DELETE only

CREATE ROLE c_context_coalesce_self LOGIN PASSWORD 'c_context_coalesce_self';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.accounts (
    account uuid PRIMARY KEY,
    name    text NOT NULL
);
CREATE TABLE public.sessions_archive (
    account uuid NOT NULL REFERENCES public.accounts (account) ON DELETE CASCADE,
    sid     uuid NOT NULL DEFAULT gen_random_uuid(),
    ip      inet NOT NULL,
    PRIMARY KEY (account, sid)
);
ALTER TABLE public.sessions_archive ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sessions_archive FORCE ROW LEVEL SECURITY;
CREATE POLICY s ON public.sessions_archive FOR SELECT USING (account = nullif(current_setting('web.account', true), '')::uuid);
CREATE POLICY i ON public.sessions_archive FOR INSERT WITH CHECK (account = nullif(current_setting('web.account', true), '')::uuid);
CREATE POLICY d ON public.sessions_archive FOR DELETE                                   -- the hole
    USING (account = coalesce(nullif(current_setting('web.account', true), '')::uuid, account));
GRANT SELECT, INSERT, DELETE ON public.sessions_archive TO c_context_coalesce_self;

INSERT INTO public.accounts VALUES ('5b000000-0000-4000-8000-000000000001', 'Kelp'), ('5b000000-0000-4000-8000-000000000002', 'Lichen');
INSERT INTO public.sessions_archive (account, ip) VALUES ('5b000000-0000-4000-8000-000000000001', '192.0.2.1'),
    ('5b000000-0000-4000-8000-000000000002', '192.0.2.2'), ('5b000000-0000-4000-8000-000000000002', '192.0.2.3');
