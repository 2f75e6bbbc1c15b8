-- A column default copies the newest footer of anybody

CREATE ROLE c_function_default_copies_footer LOGIN PASSWORD 'c_function_default_copies_footer';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA private;
CREATE TABLE public.firms (
    firm text PRIMARY KEY
);
CREATE TABLE public.letters (
    firm    text NOT NULL REFERENCES public.firms (firm),
    no      integer NOT NULL,
    sent_at timestamptz NOT NULL DEFAULT now(),
    footer  text NOT NULL,
    PRIMARY KEY (firm, no)
);
ALTER TABLE public.letters ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.letters FORCE ROW LEVEL SECURITY;
CREATE POLICY own_firm ON public.letters
    USING (firm = current_setting('letters.firm', true))
    WITH CHECK (firm = current_setting('letters.firm', true));
CREATE FUNCTION private.latest_footer() RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    v text;
BEGIN
    SELECT l.footer INTO v FROM public.letters l ORDER BY l.sent_at DESC LIMIT 1;      -- the hole: no WHERE firm
    RETURN coalesce(v, '-- ');
END $$;
REVOKE EXECUTE ON FUNCTION private.latest_footer() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION private.latest_footer() TO c_function_default_copies_footer;
ALTER TABLE public.letters ALTER COLUMN footer SET DEFAULT private.latest_footer();
GRANT SELECT, INSERT ON public.letters TO c_function_default_copies_footer;
INSERT INTO public.firms VALUES ('f-1'), ('f-2');
INSERT INTO public.letters VALUES ('f-1', 1, '2024-01-01', 'Yours, F1'), ('f-2', 1, '2024-02-02', 'Account FR76 1234, insolvency file 9');
