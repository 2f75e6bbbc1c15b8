-- A helper for self-service grants hands out any role

CREATE ROLE c_function_grants_membership LOGIN PASSWORD 'c_function_grants_membership';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE ROLE c_function_grants_membership_readers NOLOGIN;
CREATE ROLE c_function_grants_membership_ledger_bot NOLOGIN BYPASSRLS;
CREATE SCHEMA ops;
CREATE TABLE public.books (
    book text PRIMARY KEY
);
CREATE TABLE public.entries (
    book   text NOT NULL REFERENCES public.books (book),
    no     integer NOT NULL,
    amount numeric(12, 2) NOT NULL,
    memo   text NOT NULL,
    PRIMARY KEY (book, no)
);
ALTER TABLE public.entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.entries FORCE ROW LEVEL SECURITY;
CREATE POLICY own_book ON public.entries
    USING (book = current_setting('ledger.book', true))
    WITH CHECK (book = current_setting('ledger.book', true));
CREATE FUNCTION ops.join_team(p_team name) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = p_team AND NOT rolcanlogin AND NOT rolsuper) THEN
        RAISE EXCEPTION 'no such team: %', p_team;
    END IF;
    EXECUTE format('GRANT %I TO %I', p_team, session_user);         -- the hole: any team
END $$;
REVOKE EXECUTE ON FUNCTION ops.join_team(name) FROM PUBLIC;
GRANT USAGE ON SCHEMA ops TO c_function_grants_membership;
GRANT EXECUTE ON FUNCTION ops.join_team(name) TO c_function_grants_membership;
GRANT SELECT, INSERT ON public.entries TO c_function_grants_membership;
GRANT SELECT ON public.entries TO c_function_grants_membership_readers, c_function_grants_membership_ledger_bot;
INSERT INTO public.books VALUES ('k1'), ('k2');
INSERT INTO public.entries VALUES ('k1', 1, 10, 'stamps'), ('k2', 1, 400, 'bribe'), ('k2', 2, 7, 'soap');
