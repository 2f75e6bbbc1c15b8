-- A Hasura-style gateway: one login, three roles, soft deletes, computed fields

CREATE ROLE c_clean_app_hasura_roles LOGIN NOINHERIT PASSWORD 'c_clean_app_hasura_roles';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE ROLE c_clean_app_hasura_roles_viewer NOLOGIN;
CREATE ROLE c_clean_app_hasura_roles_editor NOLOGIN;
CREATE ROLE c_clean_app_hasura_roles_auditor NOLOGIN;
GRANT c_clean_app_hasura_roles_viewer TO c_clean_app_hasura_roles_editor;
GRANT c_clean_app_hasura_roles_viewer, c_clean_app_hasura_roles_editor, c_clean_app_hasura_roles_auditor TO c_clean_app_hasura_roles;
CREATE TABLE public.orgs (
    org_id integer PRIMARY KEY,
    name   text NOT NULL
);
CREATE TABLE public.sites (
    org_id integer NOT NULL REFERENCES public.orgs (org_id),
    site   text NOT NULL,
    PRIMARY KEY (org_id, site)
);
CREATE TABLE public.assets (
    org_id     integer NOT NULL,
    tag        text NOT NULL,
    site       text NOT NULL,
    value      integer NOT NULL DEFAULT 0,
    deleted_at timestamptz,
    PRIMARY KEY (org_id, tag),
    FOREIGN KEY (org_id, site) REFERENCES public.sites (org_id, site)
);
CREATE TABLE public.asset_history (
    org_id integer NOT NULL REFERENCES public.orgs (org_id),
    id     uuid NOT NULL DEFAULT gen_random_uuid(),
    tag    text NOT NULL,
    op     text NOT NULL,
    diff   jsonb,
    PRIMARY KEY (org_id, id)
);
CREATE TABLE public.asset_files (
    org_id integer NOT NULL,
    tag    text NOT NULL,
    name   text NOT NULL,
    data   bytea NOT NULL DEFAULT '',
    PRIMARY KEY (org_id, tag, name),
    FOREIGN KEY (org_id, tag) REFERENCES public.assets (org_id, tag) ON UPDATE CASCADE ON DELETE CASCADE
);
ALTER TABLE public.orgs ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.orgs FORCE ROW LEVEL SECURITY;
CREATE POLICY org ON public.orgs
    USING (org_id = nullif(current_setting('hasura.org', true), '')::integer)
    WITH CHECK (org_id = nullif(current_setting('hasura.org', true), '')::integer);
ALTER TABLE public.sites ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sites FORCE ROW LEVEL SECURITY;
CREATE POLICY org ON public.sites
    USING (org_id = nullif(current_setting('hasura.org', true), '')::integer)
    WITH CHECK (org_id = nullif(current_setting('hasura.org', true), '')::integer);
ALTER TABLE public.asset_files ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.asset_files FORCE ROW LEVEL SECURITY;
CREATE POLICY org ON public.asset_files
    USING (org_id = nullif(current_setting('hasura.org', true), '')::integer)
    WITH CHECK (org_id = nullif(current_setting('hasura.org', true), '')::integer);
ALTER TABLE public.assets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON public.assets AS RESTRICTIVE USING (org_id = nullif(current_setting('hasura.org', true), '')::integer);
CREATE POLICY viewer_reads ON public.assets FOR SELECT TO c_clean_app_hasura_roles_viewer USING (deleted_at IS NULL);
CREATE POLICY editor_writes ON public.assets TO c_clean_app_hasura_roles_editor USING (true) WITH CHECK (value >= 0);
CREATE POLICY auditor_reads ON public.assets FOR SELECT TO c_clean_app_hasura_roles_auditor USING (true);
ALTER TABLE public.asset_history ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY auditor_reads ON public.asset_history FOR SELECT TO c_clean_app_hasura_roles_auditor USING (org_id = nullif(current_setting('hasura.org', true), '')::integer);
CREATE FUNCTION public.keep_history() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_old jsonb := '{}';
    v_new jsonb := '{}';
    r     record;
BEGIN
    IF TG_OP <> 'INSERT' THEN v_old := to_jsonb(OLD); r := OLD; END IF;
    IF TG_OP <> 'DELETE' THEN v_new := to_jsonb(NEW); r := NEW; END IF;
    INSERT INTO public.asset_history (org_id, tag, op, diff)
    VALUES (r.org_id, r.tag, TG_OP, (SELECT jsonb_object_agg(n.key, n.value) FROM jsonb_each(v_new) n WHERE v_old -> n.key IS DISTINCT FROM n.value));
    RETURN r;
END $$;
CREATE TRIGGER history AFTER INSERT OR UPDATE OR DELETE ON public.assets FOR EACH ROW EXECUTE FUNCTION public.keep_history();
-- Hasura's computed field takes the row; it reads nothing but the row's own organization.
CREATE FUNCTION public.asset_label(a public.assets) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.name || ' / ' || a.tag FROM public.orgs o WHERE o.org_id = a.org_id AND o.org_id = nullif(current_setting('hasura.org', true), '')::integer $$;
CREATE FUNCTION public.restore_asset(p_tag text) RETURNS SETOF public.assets LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF nullif(current_setting('hasura.org', true), '')::integer IS NULL THEN
        RAISE EXCEPTION 'no organization';
    END IF;
    RETURN QUERY UPDATE public.assets a SET deleted_at = NULL WHERE a.tag = p_tag AND a.org_id = nullif(current_setting('hasura.org', true), '')::integer RETURNING a.*;
END $$;
CREATE VIEW public.site_totals WITH (security_barrier) AS
    SELECT site, count(*) FILTER (WHERE deleted_at IS NULL) AS live, sum(value) AS value FROM public.assets
    WHERE org_id = nullif(current_setting('hasura.org', true), '')::integer GROUP BY site;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.asset_label(public.assets) TO c_clean_app_hasura_roles_viewer;
GRANT EXECUTE ON FUNCTION public.restore_asset(text) TO c_clean_app_hasura_roles_editor;
GRANT SELECT ON public.orgs, public.sites, public.assets, public.asset_files, public.site_totals TO c_clean_app_hasura_roles_viewer;
GRANT INSERT, UPDATE, DELETE ON public.assets, public.asset_files, public.sites TO c_clean_app_hasura_roles_editor;
GRANT SELECT ON public.assets, public.asset_history TO c_clean_app_hasura_roles_auditor;
INSERT INTO public.orgs VALUES (900, 'Nine'), (901, 'Ten');
INSERT INTO public.sites VALUES (900, 'hq'), (901, 'hq'), (901, 'bunker');
INSERT INTO public.assets VALUES (900, 'a1', 'hq', 5, NULL), (901, 'a1', 'hq', 50, NULL), (901, 'b1', 'bunker', 99, now());
INSERT INTO public.asset_files VALUES (901, 'b1', 'plan.pdf');
