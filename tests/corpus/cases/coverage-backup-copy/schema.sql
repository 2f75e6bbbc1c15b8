-- CREATE TABLE AS before a migration, then GRANT ON ALL TABLES

CREATE ROLE c_coverage_backup_copy LOGIN PASSWORD 'c_coverage_backup_copy';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.accounts (
    account_id uuid PRIMARY KEY,
    name       text NOT NULL
);
CREATE TABLE public.invoices (
    account_id uuid NOT NULL REFERENCES public.accounts (account_id) ON DELETE CASCADE,
    number     text NOT NULL,
    amount     numeric(12,2) NOT NULL,
    PRIMARY KEY (account_id, number)
);
ALTER TABLE public.accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.accounts FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.accounts
    USING (account_id = nullif(current_setting('app.account_id', true), '')::uuid)
    WITH CHECK (account_id = nullif(current_setting('app.account_id', true), '')::uuid);
ALTER TABLE public.invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.invoices FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.invoices
    USING (account_id = nullif(current_setting('app.account_id', true), '')::uuid)
    WITH CHECK (account_id = nullif(current_setting('app.account_id', true), '')::uuid);

INSERT INTO public.accounts VALUES ('e1000000-0000-4000-8000-000000000001', 'Zinc'), ('e2000000-0000-4000-8000-000000000001', 'Opal');
INSERT INTO public.invoices VALUES ('e1000000-0000-4000-8000-000000000001', '1', 10), ('e2000000-0000-4000-8000-000000000001', '1', 99),
    ('e2000000-0000-4000-8000-000000000001', '2', 98);

-- The hole.
CREATE TABLE public.invoices_bak_20250114 AS TABLE public.invoices;
ALTER TABLE public.invoices ALTER COLUMN amount TYPE numeric(14,2);

GRANT SELECT ON ALL TABLES IN SCHEMA public TO c_coverage_backup_copy;
GRANT INSERT, UPDATE, DELETE ON public.invoices TO c_coverage_backup_copy;
