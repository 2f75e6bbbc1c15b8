-- A definer's function opens a cursor and hands it out

CREATE ROLE c_function_refcursor_export LOGIN PASSWORD 'c_function_refcursor_export';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.schools (
    school_id bigint PRIMARY KEY,
    name      text NOT NULL
);
CREATE TABLE public.grades (
    school_id bigint NOT NULL REFERENCES public.schools (school_id) ON DELETE CASCADE,
    pupil     text NOT NULL,
    subject   text NOT NULL,
    grade     smallint NOT NULL,
    PRIMARY KEY (school_id, pupil, subject)
);
ALTER TABLE public.grades ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.grades FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.grades
    USING (school_id = nullif(current_setting('edu.school', true), '')::bigint)
    WITH CHECK (school_id = nullif(current_setting('edu.school', true), '')::bigint);
GRANT SELECT, INSERT, UPDATE ON public.grades TO c_function_refcursor_export;

CREATE FUNCTION public.open_export(p_subject text, c refcursor DEFAULT 'export') RETURNS refcursor
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF p_subject IS NULL THEN
        OPEN c FOR SELECT g.school_id, g.pupil, g.grade FROM public.grades g;     -- the hole
    ELSE
        OPEN c FOR SELECT g.school_id, g.pupil, g.grade FROM public.grades g
            WHERE g.subject = p_subject AND g.school_id = nullif(current_setting('edu.school', true), '')::bigint;
    END IF;
    RETURN c;
END $$;
REVOKE EXECUTE ON FUNCTION public.open_export(text, refcursor) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.open_export(text, refcursor) TO c_function_refcursor_export;

INSERT INTO public.schools VALUES (5001, 'Hilltop'), (5002, 'Lakeside');
INSERT INTO public.grades VALUES (5001, 'Tom', 'art', 2), (5002, 'Uma', 'art', 1), (5002, 'Vic', 'music', 5);
