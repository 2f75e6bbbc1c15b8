-- A second setting switches the policy off

CREATE ROLE c_context_bypass_setting LOGIN PASSWORD 'c_context_bypass_setting';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.insurers (
    insurer_id integer PRIMARY KEY,
    name       text NOT NULL
);
CREATE TABLE public.claims (
    insurer_id integer NOT NULL REFERENCES public.insurers (insurer_id) ON DELETE CASCADE,
    claim_no   text NOT NULL,
    injury     text NOT NULL,
    PRIMARY KEY (insurer_id, claim_no)
);
CREATE FUNCTION public.rls_bypassed() RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog
    AS $$ SELECT coalesce(nullif(current_setting('app.bypass_rls', true), ''), 'off')::boolean $$;
ALTER TABLE public.claims ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.claims FORCE ROW LEVEL SECURITY;
CREATE POLICY insurer ON public.claims
    USING (insurer_id = nullif(current_setting('app.insurer_id', true), '')::integer
           OR (SELECT public.rls_bypassed()));                       -- the hole
GRANT SELECT, INSERT, UPDATE, DELETE ON public.claims TO c_context_bypass_setting;

INSERT INTO public.insurers VALUES (61, 'Anker'), (62, 'Boje');
INSERT INTO public.claims VALUES (61, 'A/1', 'Wrist'), (62, 'B/1', 'Back'), (62, 'B/2', 'Burn');
