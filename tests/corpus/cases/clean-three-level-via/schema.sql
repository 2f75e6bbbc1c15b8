-- A chain of three children without the key, by EXISTS, IN and scalar sub-select

CREATE ROLE c_clean_three_level_via LOGIN PASSWORD 'c_clean_three_level_via';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.schools (
    handle text PRIMARY KEY,
    city   text NOT NULL
);
CREATE TABLE public.courses (
    id     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    school text NOT NULL REFERENCES public.schools (handle),
    title  text NOT NULL
);
CREATE INDEX ON public.courses (school);
CREATE TABLE public.lessons (
    id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    course_id uuid NOT NULL REFERENCES public.courses (id) ON DELETE CASCADE,
    title     text NOT NULL
);
CREATE INDEX ON public.lessons (course_id);
CREATE TABLE public.exercises (
    id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    lesson_id uuid NOT NULL REFERENCES public.lessons (id) ON DELETE CASCADE,
    question  text NOT NULL
);
CREATE INDEX ON public.exercises (lesson_id);
CREATE TABLE public.answers (
    exercise_id uuid NOT NULL REFERENCES public.exercises (id) ON DELETE CASCADE,
    pupil       text NOT NULL,
    answer      text NOT NULL,
    PRIMARY KEY (exercise_id, pupil)
);
ALTER TABLE public.schools ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.courses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.lessons ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.exercises ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.answers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY s ON public.schools USING (handle = NULLIF(current_setting('lms.school', true), ''));
CREATE POLICY s ON public.courses USING (school = NULLIF(current_setting('lms.school', true), ''));
CREATE POLICY s ON public.lessons
    USING (EXISTS (SELECT FROM public.courses c
                   WHERE c.id = lessons.course_id AND c.school = NULLIF(current_setting('lms.school', true), '')));
CREATE POLICY s ON public.exercises
    USING (lesson_id IN (SELECT l.id FROM public.lessons l JOIN public.courses c ON c.id = l.course_id
                         WHERE c.school = NULLIF(current_setting('lms.school', true), '')));
CREATE POLICY s ON public.answers
    USING ((SELECT c.school
            FROM public.exercises e
            JOIN public.lessons l ON l.id = e.lesson_id
            JOIN public.courses c ON c.id = l.course_id
            WHERE e.id = answers.exercise_id) = NULLIF(current_setting('lms.school', true), ''));

GRANT SELECT ON public.schools TO c_clean_three_level_via;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.courses, public.lessons, public.exercises, public.answers TO c_clean_three_level_via;

INSERT INTO public.schools VALUES ('school-a', 'Bergen'), ('school-ab', 'Tromso');
INSERT INTO public.courses VALUES
    ('c0a00000-0000-4000-8000-000000000001', 'school-a', 'Algebra'), ('c0b00000-0000-4000-8000-000000000001', 'school-ab', 'Biology');
INSERT INTO public.lessons VALUES
    ('1ea00000-0000-4000-8000-000000000001', 'c0a00000-0000-4000-8000-000000000001', 'Sets'),
    ('1eb00000-0000-4000-8000-000000000001', 'c0b00000-0000-4000-8000-000000000001', 'Cells');
INSERT INTO public.exercises VALUES
    ('eca00000-0000-4000-8000-000000000001', '1ea00000-0000-4000-8000-000000000001', '1+1'),
    ('ecb00000-0000-4000-8000-000000000001', '1eb00000-0000-4000-8000-000000000001', 'What divides?');
INSERT INTO public.answers VALUES
    ('eca00000-0000-4000-8000-000000000001', 'ida', '2'),
    ('ecb00000-0000-4000-8000-000000000001', 'jon', 'mitosis'), ('ecb00000-0000-4000-8000-000000000001', 'kai', 'dunno');
