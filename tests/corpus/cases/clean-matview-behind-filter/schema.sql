-- A materialized view nobody may read, behind a filtering view

CREATE ROLE c_clean_matview_behind_filter LOGIN PASSWORD 'c_clean_matview_behind_filter';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA cache;
GRANT USAGE ON SCHEMA cache TO c_clean_matview_behind_filter;

CREATE TABLE public.projects (
    id   bigint PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.countries (
    code   text PRIMARY KEY,
    region text NOT NULL
);
CREATE TABLE public.hits (
    project_id bigint NOT NULL REFERENCES public.projects (id),
    at         timestamptz NOT NULL,
    ip         inet NOT NULL,
    country    text REFERENCES public.countries (code),
    PRIMARY KEY (project_id, at, ip)
);
ALTER TABLE public.projects ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.hits ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON public.projects USING (id = NULLIF(current_setting('app.project_id', true), '')::bigint);
CREATE POLICY p ON public.hits USING (project_id = NULLIF(current_setting('app.project_id', true), '')::bigint);

INSERT INTO public.projects VALUES (500, 'Jade'), (501, 'Kelp');
INSERT INTO public.countries VALUES ('NO', 'Europe'), ('PE', 'Americas'), ('IS', 'Europe');
INSERT INTO public.hits VALUES
    (500, '2025-01-01 10:00Z', '192.0.2.1', 'NO'),
    (501, '2025-01-01 11:00Z', '192.0.2.2', 'PE'), (501, '2025-01-02 11:00Z', '192.0.2.3', 'PE');

CREATE MATERIALIZED VIEW cache.mv_daily_usage AS
    SELECT project_id, (at AT TIME ZONE 'UTC')::date AS day, count(*) AS hits FROM public.hits GROUP BY 1, 2;
CREATE UNIQUE INDEX ON cache.mv_daily_usage (project_id, day);
CREATE VIEW public.daily_usage WITH (security_barrier) AS
    SELECT m.project_id, m.day, m.hits, sum(m.hits) OVER (ORDER BY m.day) AS running
    FROM cache.mv_daily_usage m
    WHERE m.project_id = NULLIF(current_setting('app.project_id', true), '')::bigint;
-- Nothing but reference data: these may run as anybody.
CREATE MATERIALIZED VIEW public.country_stats AS
    SELECT region, count(*) AS countries FROM public.countries GROUP BY region;
CREATE VIEW public.regions AS SELECT DISTINCT region FROM public.countries;

GRANT SELECT ON public.projects, public.countries, public.hits, public.daily_usage, public.country_stats, public.regions TO c_clean_matview_behind_filter;
GRANT INSERT ON public.hits TO c_clean_matview_behind_filter;
