-- Comments on anything: the subject is loose, the organization is not

CREATE ROLE c_clean_polymorphic_with_key LOGIN PASSWORD 'c_clean_polymorphic_with_key';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.subject_types (
    type text PRIMARY KEY
);
CREATE TABLE public.organizations (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.photos (
    organization_id uuid NOT NULL REFERENCES public.organizations (id),
    id              uuid NOT NULL,
    caption         text NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE TABLE public.comments (
    organization_id uuid NOT NULL REFERENCES public.organizations (id),
    id              uuid NOT NULL DEFAULT gen_random_uuid(),
    subject_type    text NOT NULL REFERENCES public.subject_types (type),
    subject_id      uuid NOT NULL,
    body            text NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX ON public.comments (organization_id, subject_type, subject_id);
CREATE TABLE public.taggings (
    organization_id uuid NOT NULL,
    tag             text NOT NULL,
    subject_type    text NOT NULL REFERENCES public.subject_types (type),
    subject_id      uuid NOT NULL,
    CONSTRAINT taggings_once UNIQUE (organization_id, tag, subject_type, subject_id)
);
ALTER TABLE public.organizations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.photos ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.comments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.taggings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY o ON public.organizations USING (id::text = current_setting('app.organization_id', true));
CREATE POLICY o ON public.photos USING (organization_id::text = current_setting('app.organization_id', true));
CREATE POLICY o ON public.comments
    USING (organization_id::text = current_setting('app.organization_id', true))
    WITH CHECK (organization_id::text = current_setting('app.organization_id', true)
                AND (subject_type <> 'photo' OR EXISTS (SELECT FROM public.photos p WHERE p.id = subject_id)));
CREATE POLICY o ON public.taggings USING (organization_id::text = current_setting('app.organization_id', true));

-- Whatever the subject of a comment is called, read with the caller's rights.
CREATE VIEW public.comment_subjects WITH (security_invoker = true) AS
    SELECT c.organization_id, c.id, coalesce(p.caption, parent.body) AS subject
    FROM public.comments c
    LEFT JOIN public.photos p ON c.subject_type = 'photo' AND p.id = c.subject_id
    LEFT JOIN public.comments parent ON c.subject_type = 'comment' AND parent.id = c.subject_id;

GRANT SELECT ON public.subject_types, public.organizations, public.comment_subjects TO c_clean_polymorphic_with_key;
GRANT SELECT, INSERT, DELETE ON public.photos TO c_clean_polymorphic_with_key;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.comments, public.taggings TO c_clean_polymorphic_with_key;

INSERT INTO public.subject_types VALUES ('photo'), ('comment');
INSERT INTO public.organizations VALUES ('b16b0000-0000-4000-8000-000000000001', 'Brine'), ('b16b0000-0000-4000-8000-000000000002', 'Clove');
INSERT INTO public.photos VALUES
    ('b16b0000-0000-4000-8000-000000000001', '0f070000-0000-4000-8000-00000000000a', 'harbour'), ('b16b0000-0000-4000-8000-000000000002', '0f070000-0000-4000-8000-00000000000b', 'prototype');
INSERT INTO public.comments VALUES
    ('b16b0000-0000-4000-8000-000000000001', 'c0de0000-0000-4000-8000-00000000000a', 'photo', '0f070000-0000-4000-8000-00000000000a', 'nice'),
    ('b16b0000-0000-4000-8000-000000000002', 'c0de0000-0000-4000-8000-00000000000b', 'photo', '0f070000-0000-4000-8000-00000000000b', 'hide this'),
    ('b16b0000-0000-4000-8000-000000000002', 'c0de0000-0000-4000-8000-00000000000c', 'comment', 'c0de0000-0000-4000-8000-00000000000b', 'agreed');
INSERT INTO public.taggings VALUES
    ('b16b0000-0000-4000-8000-000000000001', 'sea', 'photo', '0f070000-0000-4000-8000-00000000000a'), ('b16b0000-0000-4000-8000-000000000002', 'secret', 'photo', '0f070000-0000-4000-8000-00000000000b');
