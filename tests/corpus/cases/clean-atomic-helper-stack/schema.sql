-- Three SQL helpers one above the other, with a default argument and BEGIN ATOMIC

CREATE ROLE c_clean_atomic_helper_stack_owner NOLOGIN;
CREATE ROLE c_clean_atomic_helper_stack LOGIN PASSWORD 'c_clean_atomic_helper_stack';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA ctx;
GRANT USAGE ON SCHEMA ctx TO c_clean_atomic_helper_stack, c_clean_atomic_helper_stack_owner;

CREATE FUNCTION ctx.raw(name text DEFAULT 'app.firm', fallback text DEFAULT NULL) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(nullif(btrim(current_setting(name, true)), ''), fallback);
CREATE FUNCTION ctx.number() RETURNS integer LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT ctx.raw()::integer;
END;
CREATE FUNCTION ctx.firm_is(candidate integer) RETURNS boolean LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT candidate = ctx.number();
END;

CREATE TABLE public.firms (
    firm_id integer PRIMARY KEY,
    name    text NOT NULL
);
CREATE TABLE public.matters (
    firm_id integer NOT NULL REFERENCES public.firms (firm_id),
    no      integer NOT NULL,
    caption text NOT NULL,
    PRIMARY KEY (firm_id, no)
);
CREATE TABLE public.documents (
    firm_id   integer NOT NULL,
    matter_no integer NOT NULL,
    id        uuid NOT NULL DEFAULT gen_random_uuid(),
    body      text NOT NULL,
    PRIMARY KEY (firm_id, matter_no, id),
    FOREIGN KEY (firm_id, matter_no) REFERENCES public.matters (firm_id, no) ON UPDATE CASCADE
);
ALTER TABLE public.firms OWNER TO c_clean_atomic_helper_stack_owner;
ALTER TABLE public.matters OWNER TO c_clean_atomic_helper_stack_owner;
ALTER TABLE public.documents OWNER TO c_clean_atomic_helper_stack_owner;

ALTER TABLE public.firms ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.matters ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.documents ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY firm ON public.firms USING (ctx.firm_is(firm_id));
CREATE POLICY firm ON public.matters USING (ctx.firm_is(firm_id));
CREATE POLICY firm ON public.documents USING (firm_id = ctx.number()) WITH CHECK (ctx.firm_is(candidate => firm_id));

GRANT SELECT ON public.firms TO c_clean_atomic_helper_stack;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.matters, public.documents TO c_clean_atomic_helper_stack;

-- The seed runs under FORCE only for the owner; the superuser is not bound.
INSERT INTO public.firms VALUES (7, 'Quill & Sons'), (70, 'Rook Partners');
INSERT INTO public.matters VALUES (7, 1, 'Estate of Hale'), (70, 1, 'Merger Delta'), (70, 2, 'Merger Epsilon');
INSERT INTO public.documents (firm_id, matter_no, body) VALUES
    (7, 1, 'last will'), (70, 1, 'term sheet'), (70, 2, 'side letter');
