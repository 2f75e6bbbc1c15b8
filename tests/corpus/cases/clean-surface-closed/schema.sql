-- Publication, foreign table, statistics and event trigger, all out of reach

CREATE ROLE c_clean_surface_closed LOGIN NOREPLICATION PASSWORD 'c_clean_surface_closed';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA remote;
CREATE SCHEMA ops;
GRANT USAGE ON SCHEMA remote TO c_clean_surface_closed;
CREATE EXTENSION postgres_fdw SCHEMA ops;

CREATE TABLE public.orgs (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.sales (
    org_id uuid NOT NULL REFERENCES public.orgs (id),
    no     integer NOT NULL,
    item   text NOT NULL,
    city   text NOT NULL,
    PRIMARY KEY (org_id, no)
);
ALTER TABLE public.orgs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.sales ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY o ON public.orgs USING (id = NULLIF(current_setting('app.org_id', true), '')::uuid);
CREATE POLICY o ON public.sales USING (org_id = NULLIF(current_setting('app.org_id', true), '')::uuid);
CREATE STATISTICS public.sales_stats (dependencies, mcv) ON city, item FROM public.sales;
CREATE PUBLICATION warehouse_pub FOR TABLE public.orgs, public.sales;

CREATE SERVER archive FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'archive.internal.example', dbname 'archive');
CREATE FOREIGN TABLE remote.sales_archive (org_id uuid NOT NULL, no integer, item text) SERVER archive OPTIONS (schema_name 'public', table_name 'sales');
CREATE USER MAPPING FOR CURRENT_USER SERVER archive OPTIONS (user 'archive_reader', password 'not-a-real-one');

CREATE TABLE ops.ddl_log (
    at      timestamptz NOT NULL DEFAULT now(),
    who     text NOT NULL,
    command text NOT NULL
);
CREATE FUNCTION ops.log_ddl() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP
        INSERT INTO ops.ddl_log (who, command) VALUES (session_user, r.command_tag || ' ' || coalesce(r.object_identity, ''));
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION ops.log_ddl() FROM PUBLIC;
CREATE EVENT TRIGGER log_ddl ON ddl_command_end EXECUTE FUNCTION ops.log_ddl();

GRANT SELECT ON public.orgs TO c_clean_surface_closed;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.sales TO c_clean_surface_closed;

INSERT INTO public.orgs VALUES ('5b000000-0000-4000-8000-000000000001', 'Raven'), ('5b000000-0000-4000-8000-000000000002', 'Sorrel');
INSERT INTO public.sales VALUES ('5b000000-0000-4000-8000-000000000001', 1, 'pen', 'Lyon'), ('5b000000-0000-4000-8000-000000000002', 1, 'rifle', 'Graz'), ('5b000000-0000-4000-8000-000000000002', 2, 'rifle', 'Graz');
ANALYZE public.sales;
