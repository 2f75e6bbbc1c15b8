-- Two groups up, the application may run programs on the server

REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE ROLE c_role_execute_program LOGIN PASSWORD 'c_role_execute_program';
CREATE ROLE c_role_execute_program_import NOLOGIN;
CREATE ROLE c_role_execute_program_ops NOLOGIN;
GRANT pg_execute_server_program TO c_role_execute_program_ops;
GRANT c_role_execute_program_ops TO c_role_execute_program_import;
GRANT c_role_execute_program_import TO c_role_execute_program;                                         -- the hole

CREATE TABLE public.clinics (
    clinic text PRIMARY KEY
);
CREATE TABLE public.animals (
    clinic text NOT NULL REFERENCES public.clinics (clinic) ON DELETE CASCADE,
    chip   text NOT NULL,
    note   text NOT NULL,
    PRIMARY KEY (clinic, chip)
);
ALTER TABLE public.animals ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.animals FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.animals
    USING (clinic = current_setting('vet.clinic', true))
    WITH CHECK (clinic = current_setting('vet.clinic', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.animals TO c_role_execute_program;

INSERT INTO public.clinics VALUES ('vetclinic'), ('zooclinic');
INSERT INTO public.animals VALUES ('vetclinic', 'chip-a-1', 'Limping'), ('zooclinic', 'chip-b-1', 'Rabies, not reported'), ('zooclinic', 'chip-b-2', 'Sold');
CHECKPOINT;
