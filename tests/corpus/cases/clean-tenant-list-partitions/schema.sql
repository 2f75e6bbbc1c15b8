-- One partition per tenant, granted, each with the root's policies and its own guard

CREATE ROLE c_clean_tenant_list_partitions LOGIN PASSWORD 'c_clean_tenant_list_partitions';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA tenants;
GRANT USAGE ON SCHEMA tenants TO c_clean_tenant_list_partitions;
CREATE DOMAIN public.book_code AS text CHECK (VALUE ~ '^[a-z]+$');

CREATE TABLE public.books (
    code public.book_code PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.ledger (
    book  public.book_code NOT NULL REFERENCES public.books (code),
    no    integer NOT NULL,
    cents bigint NOT NULL,
    PRIMARY KEY (book, no)
) PARTITION BY LIST (book);
CREATE TABLE tenants.ledger_a PARTITION OF public.ledger FOR VALUES IN ('a');
CREATE TABLE tenants.ledger_b PARTITION OF public.ledger FOR VALUES IN ('b');
CREATE TABLE tenants.ledger_rest PARTITION OF public.ledger DEFAULT;

DO $$
DECLARE
    t regclass;
BEGIN
    FOREACH t IN ARRAY ARRAY['public.ledger', 'tenants.ledger_a', 'tenants.ledger_b', 'tenants.ledger_rest']::regclass[] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t);
        EXECUTE format($f$CREATE POLICY book_guard ON %s AS RESTRICTIVE
            USING (book = (SELECT NULLIF(current_setting('app.book', true), '')))$f$, t);
        EXECUTE format('CREATE POLICY book_app ON %s TO c_clean_tenant_list_partitions USING (true)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO c_clean_tenant_list_partitions', t);
    END LOOP;
END $$;
ALTER TABLE public.books ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON public.books USING (code = NULLIF(current_setting('app.book', true), ''));
GRANT SELECT ON public.books TO c_clean_tenant_list_partitions;

INSERT INTO public.books VALUES ('a', 'Tulip'), ('b', 'Urchin'), ('c', 'Viola');
INSERT INTO public.ledger VALUES ('a', 1, 10), ('b', 1, 6000), ('b', 2, -5), ('c', 1, 77);
