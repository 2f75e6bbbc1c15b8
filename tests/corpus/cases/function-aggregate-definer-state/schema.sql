-- An aggregate's state function looks names up as its owner

CREATE ROLE c_function_aggregate_definer_state LOGIN PASSWORD 'c_function_aggregate_definer_state';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA private;
CREATE TABLE public.clubs (
    club text PRIMARY KEY
);
CREATE TABLE public.people (
    club text NOT NULL REFERENCES public.clubs (club),
    no   bigint NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (club, no)
);
ALTER TABLE public.people ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.people FORCE ROW LEVEL SECURITY;
CREATE POLICY own_club ON public.people
    USING (club = current_setting('club.code', true))
    WITH CHECK (club = current_setting('club.code', true));
CREATE FUNCTION private.add_name(p_state text, p_no bigint) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT concat_ws(', ', nullif(p_state, ''), (SELECT string_agg(p.name, ', ' ORDER BY p.name) FROM public.people p WHERE p.no = p_no))   -- the hole: no club
    $$;
REVOKE EXECUTE ON FUNCTION private.add_name(text, bigint) FROM PUBLIC;
CREATE AGGREGATE public.name_list(bigint) (SFUNC = private.add_name, STYPE = text, INITCOND = '');
REVOKE EXECUTE ON FUNCTION public.name_list(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.name_list(bigint) TO c_function_aggregate_definer_state;
GRANT SELECT ON public.people TO c_function_aggregate_definer_state;
INSERT INTO public.clubs VALUES ('a1'), ('b1');
INSERT INTO public.people VALUES ('a1', 1, 'Ada'), ('b1', 1, 'Zoe Undercover'), ('b1', 2, 'Yan');
