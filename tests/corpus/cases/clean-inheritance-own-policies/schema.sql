-- Old-style inheritance: granted children, each enabled, forced and with its own policy

CREATE ROLE c_clean_inheritance_own_policies LOGIN PASSWORD 'c_clean_inheritance_own_policies';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA archive;
GRANT USAGE ON SCHEMA archive TO c_clean_inheritance_own_policies;

CREATE TABLE public.orgs (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.messages (
    org  uuid NOT NULL REFERENCES public.orgs (id),
    id   uuid NOT NULL DEFAULT gen_random_uuid(),
    text text NOT NULL,
    PRIMARY KEY (org, id)
);
CREATE TABLE archive.messages_2024 (
    PRIMARY KEY (org, id), FOREIGN KEY (org) REFERENCES public.orgs (id)
) INHERITS (public.messages);
CREATE TABLE archive.starred_messages (
    starred_by text NOT NULL,
    PRIMARY KEY (org, id, starred_by), FOREIGN KEY (org) REFERENCES public.orgs (id)
) INHERITS (archive.messages_2024);

ALTER TABLE public.orgs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.messages ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE archive.messages_2024 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE archive.starred_messages ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON public.orgs USING (id = NULLIF(current_setting('chat.org', true), '')::uuid);
CREATE POLICY own ON public.messages USING (org = NULLIF(current_setting('chat.org', true), '')::uuid);
CREATE POLICY own ON archive.messages_2024 FOR SELECT USING (org = NULLIF(current_setting('chat.org', true), '')::uuid);
CREATE POLICY own_add ON archive.starred_messages FOR INSERT WITH CHECK (org = NULLIF(current_setting('chat.org', true), '')::uuid AND starred_by <> '');
CREATE POLICY own ON archive.starred_messages FOR SELECT
    USING (org = NULLIF(current_setting('chat.org', true), '')::uuid AND (starred_by = current_setting('chat.nick', true) OR starred_by = 'all'));

GRANT SELECT ON public.orgs, archive.messages_2024 TO c_clean_inheritance_own_policies;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.messages TO c_clean_inheritance_own_policies;
GRANT SELECT, INSERT ON archive.starred_messages TO c_clean_inheritance_own_policies;

INSERT INTO public.orgs VALUES ('21d00000-0000-4000-8000-000000000001', 'Umbra'), ('21d00000-0000-4000-8000-000000000002', 'Vireo');
INSERT INTO public.messages (org, text) VALUES ('21d00000-0000-4000-8000-000000000001', 'hi'), ('21d00000-0000-4000-8000-000000000002', 'quarterly loss');
INSERT INTO archive.messages_2024 (org, text) VALUES ('21d00000-0000-4000-8000-000000000001', 'old hi'), ('21d00000-0000-4000-8000-000000000002', 'layoffs');
INSERT INTO archive.starred_messages (org, text, starred_by) VALUES ('21d00000-0000-4000-8000-000000000001', 'pin', 'all'), ('21d00000-0000-4000-8000-000000000002', 'password list', 'all');
