-- A tree within one table, whose parent reference carries the organization

CREATE ROLE c_clean_self_tree LOGIN PASSWORD 'c_clean_self_tree';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.orgs (
    id   bigint PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.folders (
    org_id    bigint NOT NULL REFERENCES public.orgs (id),
    id        uuid NOT NULL DEFAULT gen_random_uuid(),
    parent_id uuid,
    name      text NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, parent_id) REFERENCES public.folders (org_id, id) ON DELETE CASCADE,
    CHECK (parent_id <> id)
);
CREATE UNIQUE INDEX folders_name ON public.folders (org_id, coalesce(parent_id, '00000000-0000-0000-0000-000000000000'), lower(name));
CREATE TABLE public.shortcuts (
    org_id    bigint NOT NULL,
    folder_id uuid NOT NULL,
    target_id uuid NOT NULL,
    PRIMARY KEY (org_id, folder_id, target_id),
    FOREIGN KEY (org_id, folder_id) REFERENCES public.folders (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, target_id) REFERENCES public.folders (org_id, id) ON DELETE CASCADE
);
ALTER TABLE public.orgs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.folders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.shortcuts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY o ON public.orgs USING (id = (SELECT NULLIF(current_setting('drive.org', true), '')::bigint));
CREATE POLICY o ON public.folders USING (org_id = (SELECT NULLIF(current_setting('drive.org', true), '')::bigint));
CREATE POLICY o ON public.shortcuts USING (org_id = (SELECT NULLIF(current_setting('drive.org', true), '')::bigint));

CREATE VIEW public.folder_paths WITH (security_invoker = true) AS
WITH RECURSIVE walk (org_id, id, path, depth) AS (
    SELECT f.org_id, f.id, f.name, 1 FROM public.folders f WHERE f.parent_id IS NULL
    UNION ALL
    SELECT f.org_id, f.id, w.path || '/' || f.name, w.depth + 1
    FROM walk w JOIN public.folders f ON f.parent_id = w.id
) CYCLE id SET looped USING trail
SELECT org_id, id, path, depth FROM walk WHERE NOT looped;

GRANT SELECT ON public.orgs, public.folder_paths TO c_clean_self_tree;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.folders, public.shortcuts TO c_clean_self_tree;

INSERT INTO public.orgs VALUES (40, 'Zephyr'), (41, 'Acorn');
INSERT INTO public.folders VALUES
    (40, 'f0a00000-0000-4000-8000-000000000001', NULL, 'Home'),
    (40, 'f0a00000-0000-4000-8000-000000000002', 'f0a00000-0000-4000-8000-000000000001', 'Bills'),
    (41, 'f0b00000-0000-4000-8000-000000000001', NULL, 'Home'),
    (41, 'f0b00000-0000-4000-8000-000000000002', 'f0b00000-0000-4000-8000-000000000001', 'Patents'),
    -- The same uuid in two organizations.
    (41, 'f0a00000-0000-4000-8000-000000000001', NULL, 'Imported');
INSERT INTO public.shortcuts VALUES (41, 'f0b00000-0000-4000-8000-000000000001', 'f0b00000-0000-4000-8000-000000000002');
