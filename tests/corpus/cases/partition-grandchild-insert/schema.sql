-- Rows can be slipped in through an inheritance grandchild

CREATE ROLE c_partition_grandchild_insert LOGIN PASSWORD 'c_partition_grandchild_insert';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA legacy;
CREATE TABLE public.practices (
    practice text PRIMARY KEY
);
CREATE TABLE public.notes (
    practice text NOT NULL,
    patient  text NOT NULL,
    note     text NOT NULL
);
CREATE INDEX ON public.notes (practice);
CREATE TABLE legacy.notes_2019 () INHERITS (public.notes);
CREATE INDEX ON legacy.notes_2019 (practice);
CREATE TABLE legacy.notes_2019_import (batch integer NOT NULL DEFAULT 1) INHERITS (legacy.notes_2019);
CREATE INDEX ON legacy.notes_2019_import (practice);
ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.notes FORCE ROW LEVEL SECURITY;
CREATE POLICY own_notes ON public.notes
    USING (practice = current_setting('med.practice', true))
    WITH CHECK (practice = current_setting('med.practice', true));
ALTER TABLE legacy.notes_2019 ENABLE ROW LEVEL SECURITY;
ALTER TABLE legacy.notes_2019 FORCE ROW LEVEL SECURITY;
CREATE POLICY own_notes ON legacy.notes_2019
    USING (practice = current_setting('med.practice', true))
    WITH CHECK (practice = current_setting('med.practice', true));
GRANT USAGE ON SCHEMA legacy TO c_partition_grandchild_insert;
GRANT SELECT, INSERT ON public.notes TO c_partition_grandchild_insert;
GRANT SELECT ON legacy.notes_2019 TO c_partition_grandchild_insert;
GRANT INSERT ON legacy.notes_2019_import TO c_partition_grandchild_insert;                     -- the hole
INSERT INTO public.practices VALUES ('p-one'), ('p-two');
INSERT INTO public.notes VALUES ('p-one', 'Ann', 'flu'), ('p-two', 'Bob', 'gout');
INSERT INTO legacy.notes_2019_import VALUES ('p-one', 'Ann', 'measles'), ('p-two', 'Bob', 'mumps');
