-- The function that adds next month's partition leaves it open

CREATE ROLE c_partition_ensured_open LOGIN PASSWORD 'c_partition_ensured_open';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE ROLE c_partition_ensured_open_ddl NOLOGIN;
GRANT CREATE, USAGE ON SCHEMA public TO c_partition_ensured_open_ddl;
ALTER DEFAULT PRIVILEGES FOR ROLE c_partition_ensured_open_ddl IN SCHEMA public GRANT SELECT ON TABLES TO c_partition_ensured_open;      -- the hole
CREATE TABLE public.accounts (
    account bigint PRIMARY KEY
);
CREATE TABLE public.events (
    account bigint NOT NULL,
    at      timestamptz NOT NULL,
    kind    text NOT NULL,
    PRIMARY KEY (account, at)
) PARTITION BY RANGE (at);
ALTER TABLE public.events OWNER TO c_partition_ensured_open_ddl;
CREATE TABLE public.events_2024_01 PARTITION OF public.events FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
ALTER TABLE public.events_2024_01 OWNER TO c_partition_ensured_open_ddl;
ALTER TABLE public.events ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.events FORCE ROW LEVEL SECURITY;
CREATE POLICY own_events ON public.events
    USING (account = nullif(current_setting('ev.account', true), '')::bigint)
    WITH CHECK (account = nullif(current_setting('ev.account', true), '')::bigint);
CREATE FUNCTION public.ensure_month(p_month date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    v_from date := date_trunc('month', p_month);
    v_name text := 'events_' || to_char(v_from, 'YYYY_MM');
BEGIN
    IF to_regclass('public.' || v_name) IS NULL THEN
        EXECUTE format('CREATE TABLE public.%I PARTITION OF public.events FOR VALUES FROM (%L) TO (%L)',
                       v_name, v_from, (v_from + interval '1 month')::date);
    END IF;
END $$;
ALTER FUNCTION public.ensure_month(date) OWNER TO c_partition_ensured_open_ddl;
REVOKE EXECUTE ON FUNCTION public.ensure_month(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.ensure_month(date) TO c_partition_ensured_open;
GRANT SELECT, INSERT ON public.events TO c_partition_ensured_open;
INSERT INTO public.accounts VALUES (501), (502);
SET ev.account = '501';
INSERT INTO public.events VALUES (501, '2024-01-05', 'login');
SET ev.account = '502';
INSERT INTO public.events VALUES (502, '2024-01-06', 'wire 9000');
