-- Global users that nobody may read, and a directory function for the current tenant

CREATE ROLE c_clean_global_users_definer LOGIN PASSWORD 'c_clean_global_users_definer';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA users;
GRANT USAGE ON SCHEMA users TO c_clean_global_users_definer;

CREATE TABLE public.tenants (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
-- One person can belong to several tenants.
CREATE TABLE users.users (
    id    uuid PRIMARY KEY,
    email text NOT NULL UNIQUE
);
CREATE TABLE users.tenant_users (
    tenant_id uuid NOT NULL REFERENCES public.tenants (id) ON DELETE CASCADE,
    user_id   uuid NOT NULL REFERENCES users.users (id),
    roles     text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, user_id)
);
CREATE TABLE public.todos (
    tenant_id uuid NOT NULL,
    id        uuid NOT NULL DEFAULT gen_random_uuid(),
    owner_id  uuid NOT NULL,
    title     text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES users.tenant_users (tenant_id, user_id)
);
CREATE INDEX ON public.todos (tenant_id, owner_id);
ALTER TABLE public.tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE users.tenant_users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.todos ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.tenants FOR SELECT USING (id = NULLIF(current_setting('nile.tenant_id', true), '')::uuid);
CREATE POLICY tenant_isolation ON users.tenant_users FOR SELECT USING (tenant_id = NULLIF(current_setting('nile.tenant_id', true), '')::uuid);
CREATE POLICY tenant_isolation ON public.todos USING (tenant_id = NULLIF(current_setting('nile.tenant_id', true), '')::uuid);

CREATE FUNCTION users.directory() RETURNS TABLE (user_id uuid, email text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.id, u.email
    FROM users.tenant_users tu
    JOIN users.users u ON u.id = tu.user_id
    WHERE tu.tenant_id = NULLIF(current_setting('nile.tenant_id', true), '')::uuid
    ORDER BY u.email
$$;
REVOKE EXECUTE ON FUNCTION users.directory() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION users.directory() TO c_clean_global_users_definer;
GRANT SELECT ON public.tenants, users.tenant_users TO c_clean_global_users_definer;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.todos TO c_clean_global_users_definer;

INSERT INTO public.tenants VALUES ('018f3c1e-0000-7000-8000-00000000000a', 'Xylo'), ('018f3c1e-0000-7000-8000-00000000000b', 'Yarrow');
INSERT INTO users.users VALUES
    ('05e50000-0000-4000-8000-000000000001', 'abe@xylo.example'),
    ('05e50000-0000-4000-8000-000000000002', 'bo@yarrow.example'),
    ('05e50000-0000-4000-8000-000000000003', 'cy@yarrow.example');
INSERT INTO users.tenant_users VALUES
    ('018f3c1e-0000-7000-8000-00000000000a', '05e50000-0000-4000-8000-000000000001', '{admin}'),
    ('018f3c1e-0000-7000-8000-00000000000b', '05e50000-0000-4000-8000-000000000002', '{admin}'),
    ('018f3c1e-0000-7000-8000-00000000000b', '05e50000-0000-4000-8000-000000000003', '{}');
INSERT INTO public.todos (tenant_id, owner_id, title) VALUES
    ('018f3c1e-0000-7000-8000-00000000000a', '05e50000-0000-4000-8000-000000000001', 'water plants'),
    ('018f3c1e-0000-7000-8000-00000000000b', '05e50000-0000-4000-8000-000000000002', 'fire Cy');
