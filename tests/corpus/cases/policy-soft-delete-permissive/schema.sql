-- The soft-delete policy was not made restrictive

CREATE ROLE c_policy_soft_delete_permissive LOGIN PASSWORD 'c_policy_soft_delete_permissive';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA blog;
CREATE TABLE blog.blogs (
    id uuid PRIMARY KEY
);
CREATE TABLE blog.articles (
    blog_id    uuid NOT NULL REFERENCES blog.blogs (id),
    slug       text NOT NULL,
    body       text NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (blog_id, slug)
);
ALTER TABLE blog.articles ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON blog.articles
    USING (blog_id = nullif(current_setting('blog.id', true), '')::uuid);
CREATE POLICY not_deleted ON blog.articles FOR SELECT                -- the hole: AS RESTRICTIVE
    USING (deleted_at IS NULL);
GRANT USAGE ON SCHEMA blog TO c_policy_soft_delete_permissive;
GRANT SELECT, INSERT, UPDATE, DELETE ON blog.articles TO c_policy_soft_delete_permissive;
INSERT INTO blog.blogs VALUES ('0a000000-0000-4000-8000-00000000000a'), ('0b000000-0000-4000-8000-00000000000b');
INSERT INTO blog.articles VALUES ('0a000000-0000-4000-8000-00000000000a', 'hi', 'Hi', NULL),
    ('0b000000-0000-4000-8000-00000000000b', 'draft', 'We are selling', NULL), ('0b000000-0000-4000-8000-00000000000b', 'old', 'x', now());
