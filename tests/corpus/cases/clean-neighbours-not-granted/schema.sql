-- Staging copies, another application's tables and sixty lookup tables

CREATE ROLE c_clean_neighbours_not_granted_etl NOLOGIN;
CREATE ROLE c_clean_neighbours_not_granted_helpdesk NOLOGIN;
CREATE ROLE c_clean_neighbours_not_granted LOGIN PASSWORD 'c_clean_neighbours_not_granted';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA staging AUTHORIZATION c_clean_neighbours_not_granted_etl;
CREATE SCHEMA helpdesk AUTHORIZATION c_clean_neighbours_not_granted_helpdesk;
CREATE SCHEMA lookup;
GRANT USAGE ON SCHEMA lookup, helpdesk TO c_clean_neighbours_not_granted;

DO $$
BEGIN
    FOR i IN 1 .. 30 LOOP
        EXECUTE format('CREATE TABLE lookup.l%s (code text PRIMARY KEY, label text NOT NULL)', lpad(i::text, 2, '0'));
        EXECUTE format('INSERT INTO lookup.l%s VALUES (''x'', ''X'')', lpad(i::text, 2, '0'));
        -- No grant at all on these.
        EXECUTE format('CREATE TABLE lookup.internal_%s (code text PRIMARY KEY, region text)', i);
    END LOOP;
END $$;
CREATE TABLE public.regions (
    code text PRIMARY KEY,
    boss text NOT NULL
);
CREATE TABLE public.orders (
    region text NOT NULL REFERENCES public.regions (code),
    no     integer NOT NULL,
    kind   text NOT NULL REFERENCES lookup.l01 (code),
    euros  integer NOT NULL,
    PRIMARY KEY (region, no)
);
ALTER TABLE public.regions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY r ON public.regions USING (code = NULLIF(current_setting('app.region', true), ''));
CREATE POLICY r ON public.orders USING (region = NULLIF(current_setting('app.region', true), ''));

INSERT INTO public.regions VALUES ('north', 'Ida'), ('south', 'Juan');
INSERT INTO public.orders VALUES ('north', 1, 'x', 10), ('south', 1, 'x', 5000), ('south', 2, 'x', 3);

CREATE UNLOGGED TABLE staging.orders_load (LIKE public.orders);
INSERT INTO staging.orders_load SELECT * FROM public.orders;
ALTER TABLE staging.orders_load OWNER TO c_clean_neighbours_not_granted_etl;
CREATE TABLE public.orders_backup_20250301 AS TABLE public.orders;
CREATE TABLE helpdesk.cases (region text, id integer PRIMARY KEY, about text);
INSERT INTO helpdesk.cases VALUES ('south', 1, 'angry customer');
ALTER TABLE helpdesk.cases OWNER TO c_clean_neighbours_not_granted_helpdesk;
CREATE VIEW helpdesk.recent_orders AS SELECT * FROM public.orders;
GRANT SELECT ON helpdesk.recent_orders, public.orders TO c_clean_neighbours_not_granted_helpdesk;
CREATE POLICY helpdesk ON public.orders FOR SELECT TO c_clean_neighbours_not_granted_helpdesk USING (true);
-- The one thing of the other application that is meant for everybody.
CREATE TABLE helpdesk.opening_hours (day integer PRIMARY KEY, hours text NOT NULL);
ALTER TABLE helpdesk.opening_hours ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hours ON helpdesk.opening_hours FOR SELECT USING (true);
GRANT SELECT (day) ON helpdesk.opening_hours TO c_clean_neighbours_not_granted_etl;

GRANT SELECT ON public.regions TO c_clean_neighbours_not_granted;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.orders TO c_clean_neighbours_not_granted;
DO $$
BEGIN
    FOR i IN 1 .. 30 LOOP
        EXECUTE format('GRANT SELECT ON lookup.l%s TO c_clean_neighbours_not_granted', lpad(i::text, 2, '0'));
    END LOOP;
END $$;
