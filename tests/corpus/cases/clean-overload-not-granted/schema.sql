-- Leaky functions exist, and the application may execute none of them

CREATE ROLE c_clean_overload_not_granted_cron NOLOGIN;
CREATE ROLE c_clean_overload_not_granted LOGIN PASSWORD 'c_clean_overload_not_granted';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
-- From here on, new functions are nobody's until granted.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE SCHEMA admin;
GRANT USAGE ON SCHEMA admin TO c_clean_overload_not_granted_cron;

CREATE TABLE public.orgs (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.orders (
    org_id uuid NOT NULL REFERENCES public.orgs (id),
    no     integer NOT NULL,
    item   text NOT NULL,
    PRIMARY KEY (org_id, no)
);
ALTER TABLE public.orgs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY o ON public.orgs USING (id = NULLIF(current_setting('app.org_id', true), '')::uuid);
CREATE POLICY o ON public.orders USING (org_id = NULLIF(current_setting('app.org_id', true), '')::uuid);

CREATE FUNCTION public.report(p_org uuid) RETURNS SETOF public.orders
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS 'SELECT o.* FROM public.orders o WHERE o.org_id = p_org';
-- Calls the other overload as its owner, with the context as the only argument.
CREATE FUNCTION public.report() RETURNS SETOF public.orders
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS
    $$ SELECT r.* FROM public.report(NULLIF(current_setting('app.org_id', true), '')::uuid) r $$;
CREATE FUNCTION public.purge_orders() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'DELETE FROM public.orders';
CREATE PROCEDURE public.refresh_all()
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    v_org uuid;
BEGIN
    FOR v_org IN SELECT o.id FROM public.orgs o LOOP
        PERFORM set_config('app.org_id', v_org::text, true);
        UPDATE public.orders SET item = btrim(item) WHERE org_id = v_org;
    END LOOP;
    PERFORM set_config('app.org_id', '', true);
END $$;
-- PUBLIC may execute this one, but cannot reach its schema.
CREATE FUNCTION admin.all_orders() RETURNS SETOF public.orders
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS 'SELECT o.* FROM public.orders o';
GRANT EXECUTE ON FUNCTION admin.all_orders() TO PUBLIC;

GRANT EXECUTE ON FUNCTION public.report() TO c_clean_overload_not_granted;
GRANT EXECUTE ON FUNCTION public.purge_orders() TO c_clean_overload_not_granted_cron;
GRANT EXECUTE ON PROCEDURE public.refresh_all() TO c_clean_overload_not_granted_cron;
GRANT SELECT ON public.orgs TO c_clean_overload_not_granted;

INSERT INTO public.orgs VALUES ('0ddba110-0000-4000-8000-000000000001', 'Gale'), ('0ddba110-0000-4000-8000-000000000002', 'Hush');
INSERT INTO public.orders VALUES ('0ddba110-0000-4000-8000-000000000001', 1, 'lamp'), ('0ddba110-0000-4000-8000-000000000002', 1, 'camera'), ('0ddba110-0000-4000-8000-000000000002', 2, 'wiretap');
