-- A definer's function leaves its working table to everybody in the session

CREATE ROLE c_function_temp_handover LOGIN PASSWORD 'c_function_temp_handover';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.teams (
    team integer PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.scores (
    team   integer NOT NULL REFERENCES public.teams (team) ON DELETE CASCADE,
    round  integer NOT NULL,
    points integer NOT NULL,
    PRIMARY KEY (team, round)
);
ALTER TABLE public.scores ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.scores FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.scores
    USING (team = nullif(current_setting('game.team', true), '')::integer)
    WITH CHECK (team = nullif(current_setting('game.team', true), '')::integer);
GRANT SELECT, INSERT ON public.scores TO c_function_temp_handover;

CREATE FUNCTION public.prepare_ranking() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE mine integer;
BEGIN
    CREATE TEMP TABLE ranking_work AS
        SELECT s.team, sum(s.points) AS total FROM public.scores s GROUP BY s.team;
    GRANT SELECT ON pg_temp.ranking_work TO PUBLIC;                                   -- the hole
    SELECT w.total INTO mine FROM pg_temp.ranking_work w WHERE w.team = nullif(current_setting('game.team', true), '')::integer;
    RETURN mine;
END $$;
REVOKE EXECUTE ON FUNCTION public.prepare_ranking() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.prepare_ranking() TO c_function_temp_handover;

INSERT INTO public.teams VALUES (21, 'Reds'), (22, 'Blues');
INSERT INTO public.scores VALUES (21, 1, 3), (22, 1, 9), (22, 2, 8);
