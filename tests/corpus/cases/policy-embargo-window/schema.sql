-- After the embargo date a press release belongs to everybody

CREATE ROLE c_policy_embargo_window LOGIN PASSWORD 'c_policy_embargo_window';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.agencies (
    code text PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.releases (
    agency        text NOT NULL REFERENCES public.agencies (code) ON DELETE CASCADE,
    release_no    integer NOT NULL,
    headline      text NOT NULL,
    embargo_until timestamptz NOT NULL,
    PRIMARY KEY (agency, release_no)
);
CREATE TABLE public.contacts (
    agency text NOT NULL REFERENCES public.agencies (code) ON DELETE CASCADE,
    email  text NOT NULL,
    PRIMARY KEY (agency, email)
);

ALTER TABLE public.contacts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.contacts FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.contacts
    USING (agency = current_setting('press.agency', true))
    WITH CHECK (agency = current_setting('press.agency', true));
ALTER TABLE public.releases ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.releases FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON public.releases FOR SELECT TO c_policy_embargo_window
    USING (agency = current_setting('press.agency', true) OR embargo_until < now());   -- the hole
CREATE POLICY write ON public.releases FOR INSERT TO c_policy_embargo_window
    WITH CHECK (agency = current_setting('press.agency', true));
CREATE POLICY change ON public.releases FOR UPDATE TO c_policy_embargo_window
    USING (agency = current_setting('press.agency', true)) WITH CHECK (agency = current_setting('press.agency', true));

GRANT SELECT, INSERT, UPDATE ON public.releases TO c_policy_embargo_window;
GRANT SELECT, INSERT, DELETE ON public.contacts TO c_policy_embargo_window;

INSERT INTO public.agencies VALUES ('birch', 'Birch PR'), ('cedar', 'Cedar PR');
INSERT INTO public.releases VALUES
    ('birch', 1, 'New bakery', '2024-01-01'), ('birch', 2, 'Secret oven', '2999-01-01'),
    ('cedar', 1, 'Recall, withheld by client', '2023-06-01'), ('cedar', 2, 'IPO', '2999-01-01');
INSERT INTO public.contacts VALUES ('birch', 'x@birch.example'), ('cedar', 'y@cedar.example');
