-- A domain's CHECK asks whether a name is free anywhere

CREATE ROLE c_oracle_domain_check LOGIN PASSWORD 'c_oracle_domain_check';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA private;
CREATE TABLE public.teams (
    team_id integer PRIMARY KEY
);
CREATE TABLE public.pages (
    team_id integer NOT NULL REFERENCES public.teams (team_id),
    handle  text NOT NULL,
    body    text NOT NULL DEFAULT '',
    PRIMARY KEY (team_id, handle)
);
ALTER TABLE public.pages ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.pages FORCE ROW LEVEL SECURITY;
CREATE POLICY own_team ON public.pages
    USING (team_id = nullif(current_setting('wiki.team', true), '')::integer)
    WITH CHECK (team_id = nullif(current_setting('wiki.team', true), '')::integer);
CREATE FUNCTION private.handle_free(p_handle text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT NOT EXISTS (SELECT FROM public.pages p WHERE p.handle = p_handle) $$;      -- the hole: AND the own team
REVOKE EXECUTE ON FUNCTION private.handle_free(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION private.handle_free(text) TO c_oracle_domain_check;       -- domain checks run as the user; private has no USAGE
CREATE DOMAIN public.free_handle AS text CHECK (private.handle_free(VALUE));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.pages TO c_oracle_domain_check;
INSERT INTO public.teams VALUES (21), (22);
INSERT INTO public.pages VALUES (21, 'home', 'Hi'), (22, 'home', 'Hi'), (22, 'project-condor', 'top secret');
