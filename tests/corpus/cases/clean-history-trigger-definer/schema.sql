-- Definer triggers that write history and outbox rows of the row's own tenant

CREATE ROLE c_clean_history_trigger_definer_relay NOLOGIN;
CREATE ROLE c_clean_history_trigger_definer LOGIN PASSWORD 'c_clean_history_trigger_definer';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA history;
GRANT USAGE ON SCHEMA history TO c_clean_history_trigger_definer;

CREATE TABLE public.orgs (
    id   bigint PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.contracts (
    org_id bigint NOT NULL REFERENCES public.orgs (id),
    no     text NOT NULL,
    terms  text NOT NULL,
    PRIMARY KEY (org_id, no)
);
CREATE TABLE history.contracts (
    org_id     bigint NOT NULL REFERENCES public.orgs (id),
    change_id  uuid NOT NULL DEFAULT gen_random_uuid(),
    no         text NOT NULL,
    old_terms  text,
    changed_by text NOT NULL DEFAULT session_user,
    PRIMARY KEY (org_id, change_id)
);
CREATE TABLE public.outbox (
    org_id  bigint NOT NULL REFERENCES public.orgs (id),
    id      uuid NOT NULL DEFAULT gen_random_uuid(),
    topic   text NOT NULL,
    payload jsonb NOT NULL,
    PRIMARY KEY (org_id, id)
);
ALTER TABLE public.orgs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.contracts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE history.contracts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY o ON public.orgs USING (id = NULLIF(current_setting('app.org_id', true), '')::bigint);
CREATE POLICY o ON public.contracts USING (org_id = NULLIF(current_setting('app.org_id', true), '')::bigint);
CREATE POLICY o ON history.contracts FOR SELECT USING (org_id = NULLIF(current_setting('app.org_id', true), '')::bigint);
-- The relay drains every tenant's messages; the application sees its own.
CREATE POLICY relay ON public.outbox TO c_clean_history_trigger_definer_relay USING (true);
CREATE POLICY o ON public.outbox FOR SELECT TO c_clean_history_trigger_definer USING (org_id = NULLIF(current_setting('app.org_id', true), '')::bigint);

CREATE FUNCTION history.keep_contract() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO history.contracts (org_id, no, old_terms) VALUES (OLD.org_id, OLD.no, OLD.terms);
        RETURN OLD;
    END IF;
    INSERT INTO history.contracts (org_id, no, old_terms)
    SELECT NEW.org_id, NEW.no, CASE WHEN TG_OP = 'UPDATE' THEN OLD.terms END;
    RETURN NEW;
END $$;
CREATE FUNCTION public.announce() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.outbox (org_id, topic, payload)
    SELECT n.org_id, TG_ARGV[0], jsonb_build_object('no', n.no) FROM changed n;
    RETURN NULL;
END $$;
CREATE TRIGGER keep AFTER INSERT OR UPDATE OR DELETE ON public.contracts
    FOR EACH ROW EXECUTE FUNCTION history.keep_contract();
CREATE TRIGGER announce AFTER INSERT ON public.contracts
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.announce('contract.created');
REVOKE EXECUTE ON FUNCTION history.keep_contract(), public.announce() FROM PUBLIC;

GRANT SELECT ON public.orgs, history.contracts, public.outbox TO c_clean_history_trigger_definer;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.contracts TO c_clean_history_trigger_definer;
GRANT SELECT, DELETE ON public.outbox TO c_clean_history_trigger_definer_relay;

INSERT INTO public.orgs VALUES (2001, 'Ember'), (2002, 'Frost');
INSERT INTO public.contracts VALUES (2001, 'K1', 'net 30'), (2002, 'K1', 'net 90, secret rebate'), (2002, 'K2', 'void');
DELETE FROM public.contracts WHERE no = 'K2';
