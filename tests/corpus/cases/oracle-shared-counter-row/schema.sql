-- One counter row serves every tenant

CREATE ROLE c_oracle_shared_counter_row LOGIN PASSWORD 'c_oracle_shared_counter_row';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.tenants (
    tenant text PRIMARY KEY
);
CREATE TABLE public.counters (
    name text PRIMARY KEY,
    last bigint NOT NULL
);
CREATE TABLE public.tickets (
    tenant text NOT NULL REFERENCES public.tenants (tenant) ON DELETE CASCADE,
    no     bigint NOT NULL,
    title  text NOT NULL,
    PRIMARY KEY (tenant, no)
);
ALTER TABLE public.tickets ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.tickets FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.tickets
    USING (tenant = current_setting('app.tenant', true))
    WITH CHECK (tenant = current_setting('app.tenant', true));
CREATE FUNCTION public.next_ticket_no() RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ UPDATE public.counters SET last = last + 1 WHERE name = 'ticket' RETURNING last $$;     -- the hole: one row for all
REVOKE EXECUTE ON FUNCTION public.next_ticket_no() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.next_ticket_no() TO c_oracle_shared_counter_row;
GRANT SELECT, INSERT, UPDATE ON public.tickets TO c_oracle_shared_counter_row;
INSERT INTO public.tenants VALUES ('7a'), ('7b');
INSERT INTO public.counters VALUES ('ticket', 3), ('ticket:7a', 1), ('ticket:7b', 3);
INSERT INTO public.tickets VALUES ('7a', 1, 'Lamp'), ('7b', 2, 'Door'), ('7b', 3, 'Lock');
