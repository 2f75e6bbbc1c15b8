-- A Nile-like platform with reporting roles, a materialized view behind a filter and health checks

CREATE ROLE c_clean_app_platform_reporting LOGIN PASSWORD 'c_clean_app_platform_reporting';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE ROLE c_clean_app_platform_reporting_bi NOLOGIN;
CREATE SCHEMA auth;
CREATE SCHEMA reporting;
CREATE SCHEMA ops;
CREATE TABLE auth.tenants (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE auth.users (
    id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL UNIQUE
);
CREATE TABLE auth.tenant_users (
    tenant_id uuid NOT NULL REFERENCES auth.tenants (id),
    user_id   uuid NOT NULL REFERENCES auth.users (id),
    roles     text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, user_id)
);
CREATE TABLE public.rooms (
    tenant_id uuid NOT NULL REFERENCES auth.tenants (id),
    room      text NOT NULL,
    seats     integer NOT NULL,
    PRIMARY KEY (tenant_id, room)
);
CREATE TABLE public.meetings (
    tenant_id uuid NOT NULL,
    id        uuid NOT NULL DEFAULT gen_random_uuid(),
    room      text NOT NULL,
    host      uuid,
    slot      integer NOT NULL,
    title     text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, room, slot),
    FOREIGN KEY (tenant_id, room) REFERENCES public.rooms (tenant_id, room) ON UPDATE CASCADE,
    FOREIGN KEY (tenant_id, host) REFERENCES auth.tenant_users (tenant_id, user_id)
);
CREATE TABLE ops.job_runs (
    job    text PRIMARY KEY,
    ran_at timestamptz NOT NULL,
    detail text
);
ALTER TABLE auth.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY self ON auth.tenants
    USING (id = nullif(current_setting('nile.tenant_id', true), '')::uuid)
    WITH CHECK (id = nullif(current_setting('nile.tenant_id', true), '')::uuid);
ALTER TABLE auth.tenant_users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON auth.tenant_users FOR SELECT USING (tenant_id = nullif(current_setting('nile.tenant_id', true), '')::uuid);
ALTER TABLE public.rooms ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rooms FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON public.rooms
    USING (tenant_id = nullif(current_setting('nile.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('nile.tenant_id', true), '')::uuid);
ALTER TABLE public.meetings ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.meetings FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON public.meetings
    USING (tenant_id = nullif(current_setting('nile.tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('nile.tenant_id', true), '')::uuid);
CREATE POLICY bi ON public.meetings FOR SELECT TO c_clean_app_platform_reporting_bi USING (true);
CREATE POLICY bi ON public.rooms FOR SELECT TO c_clean_app_platform_reporting_bi USING (true);
INSERT INTO auth.tenants VALUES ('018f0000-0000-7000-8000-00000000000a', 'A'), ('018f0000-0000-7000-8000-00000000000b', 'B');
INSERT INTO auth.users VALUES ('00000000-0000-4000-8000-0000000000a1', 'a@a.example'), ('00000000-0000-4000-8000-0000000000b1', 'b@b.example');
INSERT INTO auth.tenant_users VALUES ('018f0000-0000-7000-8000-00000000000a', '00000000-0000-4000-8000-0000000000a1', '{}'), ('018f0000-0000-7000-8000-00000000000b', '00000000-0000-4000-8000-0000000000b1', '{owner}');
INSERT INTO public.rooms VALUES ('018f0000-0000-7000-8000-00000000000a', 'Oak', 4), ('018f0000-0000-7000-8000-00000000000b', 'Oak', 40), ('018f0000-0000-7000-8000-00000000000b', 'War room', 9);
INSERT INTO public.meetings (tenant_id, room, slot, title) VALUES ('018f0000-0000-7000-8000-00000000000a', 'Oak', 9, 'standup'), ('018f0000-0000-7000-8000-00000000000b', 'War room', 9, 'hostile bid'), ('018f0000-0000-7000-8000-00000000000b', 'Oak', 9, 'party');
CREATE MATERIALIZED VIEW reporting.daily_all AS
    SELECT m.tenant_id, m.room, count(*) AS meetings, max(r.seats) AS seats FROM public.meetings m JOIN public.rooms r USING (tenant_id, room) GROUP BY 1, 2;
CREATE UNIQUE INDEX ON reporting.daily_all (tenant_id, room);
CREATE VIEW reporting.daily WITH (security_barrier) AS
    SELECT room, meetings, seats FROM reporting.daily_all WHERE tenant_id = nullif(current_setting('nile.tenant_id', true), '')::uuid;
CREATE VIEW reporting.cohorts WITH (security_barrier) AS
    WITH RECURSIVE slots AS (SELECT 8 AS slot UNION ALL SELECT slot + 1 FROM slots WHERE slot < 10),
    mine AS (SELECT slot, room FROM public.meetings WHERE tenant_id = nullif(current_setting('nile.tenant_id', true), '')::uuid)
    SELECT s.slot, array_agg(m.room ORDER BY m.room) FILTER (WHERE m.room IS NOT NULL) AS rooms FROM slots s LEFT JOIN mine m USING (slot) GROUP BY s.slot;
CREATE VIEW ops.health AS
    SELECT version() AS version, pg_postmaster_start_time() AS since, (SELECT max(ran_at) FROM ops.job_runs) AS last_job,
           EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE oid = 'public.meetings'::regclass AND relrowsecurity) AS rls_on;
CREATE FUNCTION ops.refresh() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    REFRESH MATERIALIZED VIEW reporting.daily_all;
END $$;
CREATE FUNCTION public.book(p_room text, p_slots integer[], p_title text) RETURNS SETOF integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    s        integer;
    v_tenant uuid := nullif(current_setting('nile.tenant_id', true), '')::uuid;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM public.rooms r WHERE r.tenant_id = v_tenant AND r.room = p_room) THEN
        RAISE EXCEPTION 'no room %', p_room;
    END IF;
    FOREACH s IN ARRAY p_slots LOOP
        BEGIN
            INSERT INTO public.meetings (tenant_id, room, slot, title) VALUES (v_tenant, p_room, s, p_title);
            RETURN NEXT s;
        EXCEPTION WHEN unique_violation THEN
            CONTINUE;      -- taken, by the own tenant
        END;
    END LOOP;
END $$;
CREATE FUNCTION auth.people() RETURNS TABLE (user_id uuid, email text, is_owner boolean) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.id, u.email, 'owner' = ANY (tu.roles) FROM auth.tenant_users tu JOIN auth.users u ON u.id = tu.user_id WHERE tu.tenant_id = nullif(current_setting('nile.tenant_id', true), '')::uuid $$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public, auth, ops FROM PUBLIC;
GRANT USAGE ON SCHEMA auth, reporting, ops TO c_clean_app_platform_reporting;
GRANT EXECUTE ON FUNCTION ops.refresh(), public.book(text, integer[], text), auth.people() TO c_clean_app_platform_reporting;
GRANT SELECT ON auth.tenants, auth.tenant_users, reporting.daily, reporting.cohorts, ops.health TO c_clean_app_platform_reporting;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.rooms, public.meetings TO c_clean_app_platform_reporting;
GRANT USAGE ON SCHEMA reporting TO c_clean_app_platform_reporting_bi;
GRANT SELECT ON reporting.daily_all, public.rooms, public.meetings TO c_clean_app_platform_reporting_bi;
