-- The history keeps the actor's organization as its key

CREATE ROLE c_coverage_history_actor_key LOGIN PASSWORD 'c_coverage_history_actor_key';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA audit;
CREATE TABLE public.orgs (
    id bigint PRIMARY KEY
);
CREATE TABLE public.leads (
    org_id bigint NOT NULL REFERENCES public.orgs (id),
    no     integer NOT NULL,
    phone  text NOT NULL,
    PRIMARY KEY (org_id, no)
);
CREATE TABLE audit.change_log (
    acting_org bigint NOT NULL REFERENCES public.orgs (id),
    change_id  uuid NOT NULL DEFAULT gen_random_uuid(),
    owner_org  bigint NOT NULL REFERENCES public.orgs (id),
    old_row    jsonb,
    PRIMARY KEY (acting_org, change_id)
);
CREATE INDEX ON audit.change_log (owner_org);
ALTER TABLE public.leads ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.leads FORCE ROW LEVEL SECURITY;
CREATE POLICY own_leads ON public.leads
    USING (org_id = nullif(current_setting('app.org_id', true), '')::bigint)
    WITH CHECK (org_id = nullif(current_setting('app.org_id', true), '')::bigint);
ALTER TABLE audit.change_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.change_log FORCE ROW LEVEL SECURITY;
CREATE POLICY own_changes ON audit.change_log FOR SELECT
    USING (acting_org = nullif(current_setting('app.org_id', true), '')::bigint);       -- the hole: owner_org
CREATE FUNCTION audit.keep() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    INSERT INTO audit.change_log (acting_org, owner_org, old_row)
    VALUES (coalesce(nullif(current_setting('app.org_id', true), '')::bigint, 1), OLD.org_id, to_jsonb(OLD));
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION audit.keep() FROM PUBLIC;
CREATE TRIGGER keep AFTER UPDATE OR DELETE ON public.leads FOR EACH ROW EXECUTE FUNCTION audit.keep();
GRANT USAGE ON SCHEMA audit TO c_coverage_history_actor_key;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.leads TO c_coverage_history_actor_key;
GRANT SELECT ON audit.change_log TO c_coverage_history_actor_key;
INSERT INTO public.orgs VALUES (1), (2);
INSERT INTO public.leads VALUES (1, 1, '555-1'), (2, 1, '555-2'), (2, 2, '555-3');
-- The nightly sync has no context.
UPDATE public.leads SET phone = phone || '0';
