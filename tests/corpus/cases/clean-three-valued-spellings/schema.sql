-- IS NOT DISTINCT FROM, IS TRUE, double negation, all on a NOT NULL key

CREATE ROLE c_clean_three_valued_spellings LOGIN PASSWORD 'c_clean_three_valued_spellings';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE FUNCTION public.gym_in_context() RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT NULLIF(current_setting('app.gym_id', true), '')::bigint $$;

-- Snowflake-like ids, above 2^53.
CREATE TABLE public.gyms (
    gym_id bigint PRIMARY KEY,
    name   text NOT NULL
);
CREATE TABLE public.plans (
    gym_id bigint NOT NULL REFERENCES public.gyms (gym_id),
    code   text NOT NULL,
    euros  integer NOT NULL,
    PRIMARY KEY (gym_id, code)
);
CREATE TABLE public.members (
    gym_id bigint NOT NULL,
    email  text NOT NULL,
    plan   text NOT NULL,
    PRIMARY KEY (gym_id, email),
    FOREIGN KEY (gym_id, plan) REFERENCES public.plans (gym_id, code)
);
CREATE TABLE public.visits (
    gym_id bigint NOT NULL,
    email  text NOT NULL,
    at     timestamptz NOT NULL,
    PRIMARY KEY (gym_id, email, at),
    FOREIGN KEY (gym_id, email) REFERENCES public.members (gym_id, email) ON DELETE CASCADE ON UPDATE CASCADE
);
ALTER TABLE public.gyms ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.plans ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.members ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.visits ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY g ON public.gyms USING (gym_id IS NOT DISTINCT FROM public.gym_in_context());
CREATE POLICY g ON public.plans USING (NOT (gym_id IS DISTINCT FROM public.gym_in_context()));
CREATE POLICY g ON public.members USING ((gym_id = public.gym_in_context()) IS TRUE);
CREATE POLICY g ON public.visits
    USING (NOT (gym_id <> public.gym_in_context()) AND public.gym_in_context() IS NOT NULL)
    WITH CHECK (COALESCE(gym_id = public.gym_in_context(), false));

GRANT SELECT ON public.gyms TO c_clean_three_valued_spellings;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.plans, public.members, public.visits TO c_clean_three_valued_spellings;

INSERT INTO public.gyms VALUES (9007199254740993, 'Iron Yard'), (9007199254740992, 'Juniper Pilates');
INSERT INTO public.plans VALUES (9007199254740993, 'basic', 20), (9007199254740992, 'basic', 45), (9007199254740992, 'gold', 90);
INSERT INTO public.members VALUES (9007199254740993, 'kit@yard.example', 'basic'), (9007199254740992, 'lou@pilates.example', 'gold'), (9007199254740992, 'max@pilates.example', 'basic');
INSERT INTO public.visits VALUES
    (9007199254740993, 'kit@yard.example', '2025-02-01 07:00+00'),
    (9007199254740992, 'lou@pilates.example', '2025-02-01 18:00+00'),
    (9007199254740992, 'max@pilates.example', '2025-02-02 18:00+00');
