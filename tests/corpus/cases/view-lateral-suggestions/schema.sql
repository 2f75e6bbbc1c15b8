-- A LATERAL sub-select suggests other tenants' answers

CREATE ROLE c_view_lateral_suggestions LOGIN PASSWORD 'c_view_lateral_suggestions';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.tenants (
    tenant text PRIMARY KEY
);
CREATE TABLE public.questions (
    tenant text NOT NULL REFERENCES public.tenants (tenant) ON DELETE CASCADE,
    no     integer NOT NULL,
    topic  text NOT NULL,
    answer text,
    PRIMARY KEY (tenant, no)
);
ALTER TABLE public.questions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.questions FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.questions
    USING (tenant = current_setting('qa.tenant', true))
    WITH CHECK (tenant = current_setting('qa.tenant', true));
CREATE VIEW public.open_questions WITH (security_barrier) AS
    SELECT q.tenant, q.no, q.topic, s.answer AS suggestion
    FROM public.questions q
    LEFT JOIN LATERAL (SELECT a.answer FROM public.questions a
                       WHERE a.topic = q.topic AND a.answer IS NOT NULL                  -- the hole: AND a.tenant = q.tenant
                       ORDER BY a.no LIMIT 1) s ON true
    WHERE q.tenant = current_setting('qa.tenant', true) AND q.answer IS NULL;
GRANT SELECT ON public.open_questions TO c_view_lateral_suggestions;
GRANT SELECT, INSERT, UPDATE ON public.questions TO c_view_lateral_suggestions;
INSERT INTO public.tenants VALUES ('q-pine'), ('q-yew');
INSERT INTO public.questions VALUES ('q-pine', 1, 'vpn', NULL), ('q-yew', 1, 'vpn', 'Use vpn.yew.example, key hunter2');
