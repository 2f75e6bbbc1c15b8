-- All clinics draw from one sequence that nobody may read

CREATE ROLE c_clean_sequence_usage_only LOGIN PASSWORD 'c_clean_sequence_usage_only';
CREATE ROLE c_clean_sequence_usage_only_owner NOLOGIN;
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
    number    bigint NOT NULL,
    FOREIGN KEY (clinic_id, doctor_id) REFERENCES public.doctors (clinic_id, id)
);
CREATE INDEX ON public.doctors (clinic_id);
CREATE INDEX ON public.visits (clinic_id, doctor_id);

CREATE SEQUENCE public.visit_numbers OWNED BY public.visits.number;
ALTER TABLE public.visits ALTER COLUMN number SET DEFAULT nextval('public.visit_numbers');

ALTER TABLE public.clinics OWNER TO c_clean_sequence_usage_only_owner;
ALTER TABLE public.doctors OWNER TO c_clean_sequence_usage_only_owner;
ALTER TABLE public.visits OWNER TO c_clean_sequence_usage_only_owner;
ALTER TABLE public.clinics ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.doctors ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.visits ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.clinics
    USING (id = (SELECT NULLIF(current_setting('app.clinic', true), '')::uuid));
CREATE POLICY own ON public.doctors
    USING (clinic_id = (SELECT NULLIF(current_setting('app.clinic', true), '')::uuid));
CREATE POLICY own ON public.visits
    USING (clinic_id = (SELECT NULLIF(current_setting('app.clinic', true), '')::uuid));
GRANT SELECT ON public.clinics TO c_clean_sequence_usage_only;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.doctors, public.visits TO c_clean_sequence_usage_only;

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
GRANT USAGE ON SEQUENCE public.visit_numbers TO c_clean_sequence_usage_only;
