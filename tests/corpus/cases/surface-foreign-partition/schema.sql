-- The cold partition is a foreign table over the archive's files

CREATE ROLE c_surface_foreign_partition LOGIN PASSWORD 'c_surface_foreign_partition';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE EXTENSION file_fdw;
CREATE SERVER cold_storage FOREIGN DATA WRAPPER file_fdw;
CREATE TABLE public.spaces (
    space text PRIMARY KEY
);
CREATE TABLE public.messages (
    space text NOT NULL,
    day   date NOT NULL,
    body  text NOT NULL
) PARTITION BY RANGE (day);
CREATE TABLE public.messages_hot PARTITION OF public.messages FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);
CREATE INDEX ON public.messages_hot (space, day);
-- In production: zcat of a bucket.
CREATE FOREIGN TABLE public.messages_cold PARTITION OF public.messages FOR VALUES FROM (MINVALUE) TO ('2024-01-01')
    SERVER cold_storage OPTIONS (program 'printf ''eu-1,2020-01-01,hi\nus-1,2020-02-01,layoffs\nus-1,2020-02-02,merger\n''', format 'csv');
ALTER TABLE public.messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.messages FORCE ROW LEVEL SECURITY;
CREATE POLICY own_space ON public.messages
    USING (space = current_setting('chat.space', true))
    WITH CHECK (space = current_setting('chat.space', true));
ALTER TABLE public.messages_hot ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.messages_hot FORCE ROW LEVEL SECURITY;
CREATE POLICY own_space ON public.messages_hot
    USING (space = current_setting('chat.space', true))
    WITH CHECK (space = current_setting('chat.space', true));
ALTER TABLE public.spaces ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.spaces FORCE ROW LEVEL SECURITY;
CREATE POLICY self ON public.spaces
    USING (space = current_setting('chat.space', true))
    WITH CHECK (space = current_setting('chat.space', true));
GRANT INSERT ON public.messages TO c_surface_foreign_partition;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO c_surface_foreign_partition;                -- the hole: the foreign table too
INSERT INTO public.spaces VALUES ('eu-1'), ('us-1');
INSERT INTO public.messages VALUES ('eu-1', '2024-05-01', 'hello'), ('us-1', '2024-05-01', 'lunch?');
