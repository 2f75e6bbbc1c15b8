-- Scans are large objects that the application may list and not open

CREATE ROLE c_clean_large_objects_closed LOGIN PASSWORD 'c_clean_large_objects_closed';
CREATE ROLE c_clean_large_objects_closed_owner NOLOGIN;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.clinics (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.doctors (
    id        uuid PRIMARY KEY,
    clinic_id uuid NOT NULL REFERENCES public.clinics (id),
    name      text NOT NULL,
    UNIQUE (clinic_id, id)
);
CREATE TABLE public.visits (
    id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    clinic_id uuid NOT NULL REFERENCES public.clinics (id),
    doctor_id uuid NOT NULL,
    diagnosis text NOT NULL,
    day       date NOT NULL,
    FOREIGN KEY (clinic_id, doctor_id) REFERENCES public.doctors (clinic_id, id)
);
CREATE INDEX ON public.doctors (clinic_id);
CREATE INDEX ON public.visits (clinic_id, doctor_id);

CREATE TABLE public.scans (
    id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    clinic_id uuid NOT NULL REFERENCES public.clinics (id),
    content   oid NOT NULL
);
CREATE INDEX ON public.scans (clinic_id);
ALTER TABLE public.scans OWNER TO c_clean_large_objects_closed_owner;
ALTER TABLE public.scans ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.scans
    USING (clinic_id = (SELECT NULLIF(current_setting('app.clinic', true), '')::uuid));
GRANT SELECT ON public.scans TO c_clean_large_objects_closed;

ALTER TABLE public.clinics OWNER TO c_clean_large_objects_closed_owner;
ALTER TABLE public.doctors OWNER TO c_clean_large_objects_closed_owner;
ALTER TABLE public.visits OWNER TO c_clean_large_objects_closed_owner;
ALTER TABLE public.clinics ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.doctors ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.visits ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.clinics
    USING (id = (SELECT NULLIF(current_setting('app.clinic', true), '')::uuid));
CREATE POLICY own ON public.doctors
    USING (clinic_id = (SELECT NULLIF(current_setting('app.clinic', true), '')::uuid));
CREATE POLICY own ON public.visits
    USING (clinic_id = (SELECT NULLIF(current_setting('app.clinic', true), '')::uuid));
GRANT SELECT ON public.clinics TO c_clean_large_objects_closed;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.doctors, public.visits TO c_clean_large_objects_closed;

INSERT INTO public.clinics VALUES ('11111111-1111-4111-8111-111111111111', 'Harbour Clinic'), ('22222222-2222-4222-8222-222222222222', 'Hill Clinic');
INSERT INTO public.doctors VALUES
    ('d1a00000-0000-4000-8000-000000000001', '11111111-1111-4111-8111-111111111111', 'Dr Ames'),
    ('d2b00000-0000-4000-8000-000000000001', '22222222-2222-4222-8222-222222222222', 'Dr Bell'),
    ('d2b00000-0000-4000-8000-000000000002', '22222222-2222-4222-8222-222222222222', 'Dr Boyd');
INSERT INTO public.visits (clinic_id, doctor_id, diagnosis, day) VALUES
    ('11111111-1111-4111-8111-111111111111', 'd1a00000-0000-4000-8000-000000000001', 'Sprained ankle, left', '2026-03-02'),
    ('22222222-2222-4222-8222-222222222222', 'd2b00000-0000-4000-8000-000000000001', 'Gout, first attack', '2026-03-02'),
    ('22222222-2222-4222-8222-222222222222', 'd2b00000-0000-4000-8000-000000000001', 'Gout, second attack', '2026-03-09'),
    ('22222222-2222-4222-8222-222222222222', 'd2b00000-0000-4000-8000-000000000002', 'Migraine with aura', '2026-03-09');
INSERT INTO public.scans (clinic_id, content)
    SELECT id, lo_from_bytea(0, convert_to('scan of ' || name, 'UTF8')) FROM public.clinics;
DO $$
DECLARE
    scan oid;
BEGIN
    FOR scan IN SELECT content FROM public.scans LOOP
        EXECUTE format('ALTER LARGE OBJECT %s OWNER TO c_clean_large_objects_closed_owner', scan);
    END LOOP;
END $$;
