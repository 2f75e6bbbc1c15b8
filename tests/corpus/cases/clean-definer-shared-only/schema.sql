-- Definer functions of every look that never touch a tenant's table

CREATE ROLE c_clean_definer_shared_only LOGIN PASSWORD 'c_clean_definer_shared_only';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA ref;
GRANT USAGE ON SCHEMA ref TO c_clean_definer_shared_only;

CREATE TABLE public.orgs (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.quotes (
    org_id uuid NOT NULL REFERENCES public.orgs (id),
    no     integer NOT NULL,
    cents  bigint NOT NULL,
    PRIMARY KEY (org_id, no)
);
CREATE TABLE ref.rates (
    currency text NOT NULL,
    day      date NOT NULL,
    rate     numeric NOT NULL,
    PRIMARY KEY (currency, day)
);
CREATE TABLE ref.holidays (
    country text NOT NULL,
    day     date NOT NULL,
    PRIMARY KEY (country, day)
);
ALTER TABLE public.orgs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.quotes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY o ON public.orgs USING (id = (SELECT NULLIF(current_setting('app.org_id', true), '')::uuid));
CREATE POLICY o ON public.quotes USING (org_id = (SELECT NULLIF(current_setting('app.org_id', true), '')::uuid));

CREATE FUNCTION ref.convert(p_cents bigint, p_currency text, p_day date DEFAULT current_date) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
    SELECT round(p_cents * r.rate)::bigint FROM ref.rates r
    WHERE r.currency = p_currency AND r.day <= p_day ORDER BY r.day DESC LIMIT 1
$$;
CREATE FUNCTION ref.holidays_between(p_from date, p_to date) RETURNS SETOF ref.holidays
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET app.org_id = '' AS $$
BEGIN
    RETURN QUERY EXECUTE 'SELECT h.* FROM ref.holidays h WHERE h.day BETWEEN $1 AND $2' USING p_from, p_to;
END $$;
CREATE FUNCTION ref.vat_rate(p_country text) RETURNS numeric
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    v_saved text := current_setting('app.org_id', true);
    v_rate  numeric;
BEGIN
    -- The price service's triggers want no organization here; it is put back below.
    PERFORM set_config('app.org_id', '', true);
    SELECT r.rate INTO v_rate FROM ref.rates r WHERE r.currency = 'VAT-' || p_country ORDER BY r.day DESC LIMIT 1;
    PERFORM set_config('app.org_id', coalesce(v_saved, ''), true);
    RETURN v_rate;
END $$;
CREATE FUNCTION ref.server_now() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' SET timezone = 'UTC' AS 'SELECT now()';

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ref FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ref TO c_clean_definer_shared_only;
GRANT SELECT ON public.orgs TO c_clean_definer_shared_only;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.quotes TO c_clean_definer_shared_only;

INSERT INTO public.orgs VALUES ('f1000000-0000-4000-8000-000000000001', 'Cypress'), ('f1000000-0000-4000-8000-000000000002', 'Dahlia');
INSERT INTO public.quotes VALUES ('f1000000-0000-4000-8000-000000000001', 1, 100), ('f1000000-0000-4000-8000-000000000002', 1, 64000), ('f1000000-0000-4000-8000-000000000002', 2, 9);
INSERT INTO ref.rates VALUES ('SEK', '2025-01-01', 11.4), ('VAT-SE', '2025-01-01', 0.25);
INSERT INTO ref.holidays VALUES ('SE', '2025-06-20'), ('FI', '2025-12-06');
