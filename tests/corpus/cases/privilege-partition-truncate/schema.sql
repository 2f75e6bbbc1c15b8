-- A group may TRUNCATE last year's partition

REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE ROLE c_privilege_partition_truncate LOGIN PASSWORD 'c_privilege_partition_truncate';
CREATE ROLE c_privilege_partition_truncate_housekeeping NOLOGIN;
GRANT c_privilege_partition_truncate_housekeeping TO c_privilege_partition_truncate;
CREATE TABLE public.ports (
    port text PRIMARY KEY
);
CREATE TABLE public.logs (
    port text NOT NULL REFERENCES public.ports (port) ON DELETE CASCADE,
    at   timestamp NOT NULL,
    ship text NOT NULL,
    PRIMARY KEY (port, at, ship)
) PARTITION BY RANGE (at);
CREATE TABLE public.logs_2024 PARTITION OF public.logs FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE public.logs_2025 PARTITION OF public.logs FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
ALTER TABLE public.logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.logs FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.logs
    USING (port = current_setting('app.port', true))
    WITH CHECK (port = current_setting('app.port', true));
ALTER TABLE public.logs_2024 ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.logs_2024 FORCE ROW LEVEL SECURITY;
ALTER TABLE public.logs_2025 ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.logs_2025 FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON public.logs TO c_privilege_partition_truncate;
GRANT TRUNCATE ON public.logs_2024 TO c_privilege_partition_truncate_housekeeping;         -- the hole

INSERT INTO public.ports VALUES ('bay'), ('cove');
INSERT INTO public.logs VALUES ('bay', '2024-02-01', 'Mew'), ('cove', '2024-02-01', 'Kittiwake'), ('cove', '2024-02-02', 'Skua'), ('cove', '2025-02-02', 'Skua');
