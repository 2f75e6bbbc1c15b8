-- The organization comes as an argument and is checked against the context

CREATE ROLE c_clean_definer_checks_argument LOGIN PASSWORD 'c_clean_definer_checks_argument';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.clinics (
    code text PRIMARY KEY,
    city text NOT NULL
);
CREATE TABLE public.patients (
    clinic text NOT NULL REFERENCES public.clinics (code),
    mrn    text NOT NULL,
    name   text NOT NULL,
    PRIMARY KEY (clinic, mrn)
);
ALTER TABLE public.clinics ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.patients ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY c ON public.clinics USING (code = current_setting('app.clinic', true));
CREATE POLICY c ON public.patients USING (clinic = current_setting('app.clinic', true));

CREATE FUNCTION public.export_patients(p_clinic text) RETURNS TABLE (mrn text, name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF p_clinic IS DISTINCT FROM NULLIF(current_setting('app.clinic', true), '') OR p_clinic IS NULL THEN
        RAISE EXCEPTION 'clinic % is not the current one', p_clinic USING ERRCODE = '42501';
    END IF;
    RETURN QUERY SELECT p.mrn, p.name FROM public.patients p WHERE p.clinic = p_clinic;
END $$;
CREATE FUNCTION public.count_patients(p_clinic text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN p_clinic = NULLIF(current_setting('app.clinic', true), '')
                THEN (SELECT count(*) FROM public.patients p WHERE p.clinic = p_clinic) END
$$;
REVOKE EXECUTE ON FUNCTION public.export_patients(text), public.count_patients(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.export_patients(text), public.count_patients(text) TO c_clean_definer_checks_argument;
GRANT SELECT ON public.clinics TO c_clean_definer_checks_argument;
GRANT SELECT, INSERT ON public.patients TO c_clean_definer_checks_argument;

INSERT INTO public.clinics VALUES ('clinic_1', 'Porto'), ('clinic_10', 'Faro');
INSERT INTO public.patients VALUES ('clinic_1', '1', 'Ana'), ('clinic_10', '1', 'Bento'), ('clinic_10', '2', 'Clara');
