-- The helper two calls down swallows an error and answers true

CREATE ROLE c_policy_exception_returns_true LOGIN PASSWORD 'c_policy_exception_returns_true';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA clinic;
CREATE TABLE clinic.practices (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE clinic.patients (
    practice_id uuid NOT NULL REFERENCES clinic.practices (id) ON DELETE CASCADE,
    chart_no    text NOT NULL,
    diagnosis   text NOT NULL,
    PRIMARY KEY (practice_id, chart_no)
);
CREATE FUNCTION clinic.check_practice(p uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog
    AS $$
BEGIN
    RETURN coalesce(p = current_setting('clinic.practice', true)::uuid, false);
EXCEPTION WHEN invalid_text_representation THEN
    RETURN true;                                    -- the hole
END $$;
CREATE FUNCTION clinic.may_read(p uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog
    AS $$ BEGIN RETURN p IS NOT NULL AND clinic.check_practice(p); END $$;

ALTER TABLE clinic.patients ENABLE ROW LEVEL SECURITY;
ALTER TABLE clinic.patients FORCE ROW LEVEL SECURITY;
CREATE POLICY practice ON clinic.patients USING (clinic.may_read(practice_id));

GRANT USAGE ON SCHEMA clinic TO c_policy_exception_returns_true;
GRANT SELECT, INSERT, UPDATE, DELETE ON clinic.patients TO c_policy_exception_returns_true;

INSERT INTO clinic.practices VALUES ('0c000000-0000-4000-8000-000000000001', 'Dr Oak'), ('0c000000-0000-4000-8000-000000000002', 'Dr Pine');
INSERT INTO clinic.patients VALUES ('0c000000-0000-4000-8000-000000000001', '1', 'Flu'),
    ('0c000000-0000-4000-8000-000000000002', '1', 'Gout'), ('0c000000-0000-4000-8000-000000000002', '2', 'Measles');
