-- Unconditional INSTEAD rules that write the context, never what the caller sends

CREATE ROLE c_clean_rules_pin_context LOGIN PASSWORD 'c_clean_rules_pin_context';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA compat;
GRANT USAGE ON SCHEMA compat TO c_clean_rules_pin_context;

CREATE TABLE public.households (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.addresses (
    household_id uuid NOT NULL REFERENCES public.households (id),
    label        text NOT NULL,
    street       text NOT NULL,
    PRIMARY KEY (household_id, label)
);
ALTER TABLE public.households ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.addresses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY h ON public.households USING (id = NULLIF(current_setting('app.household_id', true), '')::uuid);
CREATE POLICY h ON public.addresses USING (household_id = NULLIF(current_setting('app.household_id', true), '')::uuid);

-- The old application's column names.
CREATE VIEW compat.addresses WITH (security_barrier) AS
    SELECT household_id AS hh, label AS addr_kind, street AS addr_line FROM public.addresses
    WHERE household_id = NULLIF(current_setting('app.household_id', true), '')::uuid;
CREATE RULE ins AS ON INSERT TO compat.addresses DO INSTEAD
    INSERT INTO public.addresses VALUES (current_setting('app.household_id')::uuid, NEW.addr_kind, NEW.addr_line);
CREATE RULE upd AS ON UPDATE TO compat.addresses DO INSTEAD
    UPDATE public.addresses SET label = NEW.addr_kind, street = NEW.addr_line
    WHERE household_id = NULLIF(current_setting('app.household_id', true), '')::uuid AND label = OLD.addr_kind;
CREATE RULE del AS ON DELETE TO compat.addresses DO INSTEAD
    DELETE FROM public.addresses
    WHERE household_id = NULLIF(current_setting('app.household_id', true), '')::uuid AND label = OLD.addr_kind;

GRANT SELECT, INSERT, UPDATE, DELETE ON compat.addresses TO c_clean_rules_pin_context;

INSERT INTO public.households VALUES ('e5e50000-0000-4000-8000-000000000001', 'Quist'), ('e5e50000-0000-4000-8000-000000000002', 'Rossi');
INSERT INTO public.addresses VALUES ('e5e50000-0000-4000-8000-000000000001', 'home', 'Elm 1'), ('e5e50000-0000-4000-8000-000000000002', 'home', 'Oak 2'), ('e5e50000-0000-4000-8000-000000000002', 'safe house', 'Pine 3');
