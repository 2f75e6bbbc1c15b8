-- Snowflake ids are compared as double precision

CREATE ROLE c_policy_json_number_double LOGIN PASSWORD 'c_policy_json_number_double';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE TABLE public.tenants (
    id bigint PRIMARY KEY
);
CREATE TABLE public.posts (
    tenant_id bigint NOT NULL REFERENCES public.tenants (id),
    post_id   bigint NOT NULL,
    title     text NOT NULL,
    PRIMARY KEY (tenant_id, post_id)
);
ALTER TABLE public.posts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.posts FORCE ROW LEVEL SECURITY;
CREATE POLICY by_claim ON public.posts
    USING (tenant_id::double precision = nullif(current_setting('app.tenant_id', true), '')::double precision)
    WITH CHECK (tenant_id::double precision = nullif(current_setting('app.tenant_id', true), '')::double precision);
GRANT SELECT, INSERT, UPDATE, DELETE ON public.posts TO c_policy_json_number_double;
INSERT INTO public.tenants VALUES (1799000000000000001), (1799000000000000002);
INSERT INTO public.posts VALUES (1799000000000000001, 1, 'mine'), (1799000000000000002, 1, 'draft'), (1799000000000000002, 2, 'secret');
