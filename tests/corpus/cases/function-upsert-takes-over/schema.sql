-- ON CONFLICT DO UPDATE in a definer's function takes over another tenant's row

CREATE ROLE c_function_upsert_takes_over LOGIN PASSWORD 'c_function_upsert_takes_over';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.tenants (
    tenant text PRIMARY KEY
);
CREATE TABLE public.short_links (
    tenant text NOT NULL REFERENCES public.tenants (tenant) ON DELETE CASCADE,
    slug   uuid NOT NULL,
    target text NOT NULL DEFAULT '',
    PRIMARY KEY (slug),
    UNIQUE (tenant, slug)
);
ALTER TABLE public.short_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.short_links FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.short_links
    USING (tenant = current_setting('link.tenant', true))
    WITH CHECK (tenant = current_setting('link.tenant', true));
CREATE FUNCTION public.claim_slug(p_slug uuid) RETURNS public.short_links
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ INSERT INTO public.short_links AS l (tenant, slug) VALUES (current_setting('link.tenant', true), p_slug)
          ON CONFLICT (slug) DO UPDATE SET tenant = excluded.tenant                        -- the hole: no WHERE
          RETURNING l.* $$;
REVOKE EXECUTE ON FUNCTION public.claim_slug(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.claim_slug(uuid) TO c_function_upsert_takes_over;
GRANT SELECT, UPDATE (target), DELETE ON public.short_links TO c_function_upsert_takes_over;
INSERT INTO public.tenants VALUES ('u-one'), ('u-two');
INSERT INTO public.short_links VALUES ('u-one', '99000000-0000-4000-8000-000000000001', 'https://one.example'),
    ('u-two', '99000000-0000-4000-8000-000000000002', 'https://two.example/invite?key=77');
