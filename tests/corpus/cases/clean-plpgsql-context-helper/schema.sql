-- private.current_org(): a definer PL/pgSQL helper that reads the setting and nothing else

CREATE ROLE c_clean_plpgsql_context_helper LOGIN PASSWORD 'c_clean_plpgsql_context_helper';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA private;
GRANT USAGE ON SCHEMA private TO c_clean_plpgsql_context_helper;

CREATE FUNCTION private.current_org() RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    v_raw text;
BEGIN
    v_raw := current_setting('session.org', true);
    IF v_raw IS NULL OR v_raw = '' THEN
        RETURN NULL;
    END IF;
    RETURN v_raw::uuid;
EXCEPTION
    WHEN invalid_text_representation THEN
        RETURN NULL;
END $$;
CREATE FUNCTION private.require_org() RETURNS uuid
LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
    v_org uuid := private.current_org();
BEGIN
    IF v_org IS NULL THEN
        RAISE EXCEPTION 'session.org is not set' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN v_org;
END $$;
REVOKE EXECUTE ON FUNCTION private.current_org(), private.require_org() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION private.current_org(), private.require_org() TO c_clean_plpgsql_context_helper;

CREATE TABLE public.orgs (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.assets (
    org_id uuid NOT NULL DEFAULT private.current_org() REFERENCES public.orgs (id),
    tag    text NOT NULL,
    room   text NOT NULL,
    PRIMARY KEY (org_id, tag)
);
CREATE TABLE public.maintenance (
    org_id uuid NOT NULL DEFAULT private.require_org(),
    tag    text NOT NULL,
    due    date NOT NULL,
    PRIMARY KEY (org_id, tag, due),
    FOREIGN KEY (org_id, tag) REFERENCES public.assets (org_id, tag) ON DELETE CASCADE
);
ALTER TABLE public.orgs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.assets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.maintenance ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON public.orgs USING (id = private.current_org());
CREATE POLICY mine ON public.assets USING (org_id = (SELECT private.current_org()));
CREATE POLICY mine ON public.maintenance
    USING (org_id = (SELECT private.current_org())) WITH CHECK (org_id = private.require_org());

GRANT SELECT ON public.orgs TO c_clean_plpgsql_context_helper;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.assets, public.maintenance TO c_clean_plpgsql_context_helper;

INSERT INTO public.orgs VALUES ('1ce00000-0000-4000-8000-000000000001', 'Talc'), ('1ce00000-0000-4000-8000-000000000002', 'Ulna');
INSERT INTO public.assets VALUES ('1ce00000-0000-4000-8000-000000000001', 'pump', 'r1'), ('1ce00000-0000-4000-8000-000000000002', 'pump', 'r9'), ('1ce00000-0000-4000-8000-000000000002', 'laser', 'r8');
INSERT INTO public.maintenance VALUES ('1ce00000-0000-4000-8000-000000000001', 'pump', '2025-04-01'), ('1ce00000-0000-4000-8000-000000000002', 'laser', '2025-04-02');
