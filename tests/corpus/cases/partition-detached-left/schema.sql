-- A detached partition was kept, with its grants

CREATE ROLE c_partition_detached_left LOGIN PASSWORD 'c_partition_detached_left';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.carriers (
    carrier text PRIMARY KEY
);
CREATE TABLE public.calls (
    carrier text NOT NULL REFERENCES public.carriers (carrier) ON DELETE CASCADE,
    at      timestamptz NOT NULL,
    caller  text NOT NULL,
    callee  text NOT NULL,
    PRIMARY KEY (carrier, at, caller)
) PARTITION BY RANGE (at);
CREATE TABLE public.calls_2022 PARTITION OF public.calls FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
CREATE TABLE public.calls_2023 PARTITION OF public.calls FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE public.calls_rest PARTITION OF public.calls DEFAULT;
ALTER TABLE public.calls ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.calls FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.calls
    USING (carrier = current_setting('cdr.carrier', true))
    WITH CHECK (carrier = current_setting('cdr.carrier', true));
GRANT SELECT, INSERT ON public.calls TO c_partition_detached_left;
GRANT SELECT ON public.calls_2022 TO c_partition_detached_left;                        -- the hole

INSERT INTO public.carriers VALUES ('tel-north'), ('tel-south');
INSERT INTO public.calls VALUES ('tel-north', '2022-05-01', '+47 1', '+47 2'), ('tel-south', '2022-05-01', '+39 1', '+39 2'),
    ('tel-south', '2022-06-01', '+39 1', '+39 9'), ('tel-south', '2031-06-01', '+39 1', '+39 9');
ALTER TABLE public.calls DETACH PARTITION public.calls_2022;
