-- A trigger that runs as its owner settles every tenant's invoice of that number

CREATE ROLE c_function_trigger_settles_by_number LOGIN PASSWORD 'c_function_trigger_settles_by_number';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA fin;
CREATE TABLE fin.tenants (
    id uuid PRIMARY KEY
);
CREATE TABLE fin.invoices (
    tenant_id uuid NOT NULL REFERENCES fin.tenants (id) ON DELETE CASCADE,
    number    text NOT NULL,
    paid      boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, number)
);
CREATE TABLE fin.payments (
    tenant_id  uuid NOT NULL REFERENCES fin.tenants (id) ON DELETE CASCADE,
    payment_id uuid NOT NULL DEFAULT gen_random_uuid(),
    reference  text NOT NULL,
    PRIMARY KEY (tenant_id, payment_id)
);
ALTER TABLE fin.invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE fin.invoices FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON fin.invoices
    USING (tenant_id = nullif(current_setting('fin.tenant', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('fin.tenant', true), '')::uuid);
ALTER TABLE fin.payments ENABLE ROW LEVEL SECURITY;
ALTER TABLE fin.payments FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON fin.payments
    USING (tenant_id = nullif(current_setting('fin.tenant', true), '')::uuid)
    WITH CHECK (tenant_id = nullif(current_setting('fin.tenant', true), '')::uuid);

CREATE FUNCTION public.settle() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    UPDATE fin.invoices i SET paid = true WHERE i.number = NEW.reference;       -- the hole
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION public.settle() FROM PUBLIC;
CREATE TRIGGER settle AFTER INSERT ON fin.payments FOR EACH ROW EXECUTE FUNCTION public.settle();
GRANT USAGE ON SCHEMA fin TO c_function_trigger_settles_by_number;
GRANT SELECT ON fin.invoices TO c_function_trigger_settles_by_number;
GRANT SELECT, INSERT ON fin.payments TO c_function_trigger_settles_by_number;

INSERT INTO fin.tenants VALUES ('d1000000-0000-4000-8000-000000000001'), ('d2000000-0000-4000-8000-000000000001');
INSERT INTO fin.invoices VALUES ('d1000000-0000-4000-8000-000000000001', '2025-001'), ('d2000000-0000-4000-8000-000000000001', '2025-001');
