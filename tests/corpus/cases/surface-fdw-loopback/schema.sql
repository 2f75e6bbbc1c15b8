-- A foreign table leads back into the database as a superuser

CREATE ROLE c_surface_fdw_loopback LOGIN PASSWORD 'c_surface_fdw_loopback';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.organizations (
    id   uuid PRIMARY KEY,
    name text NOT NULL,
    plan text NOT NULL DEFAULT 'starter'
);

CREATE TABLE public.countries (
    code text PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE public.customers (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES public.organizations (id) ON DELETE CASCADE,
    country_code    text NOT NULL REFERENCES public.countries (code),
    name            text NOT NULL,
    email           text NOT NULL,
    UNIQUE (organization_id, id),
    UNIQUE (organization_id, email)
);

CREATE TABLE public.invoices (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES public.organizations (id) ON DELETE CASCADE,
    customer_id     uuid NOT NULL,
    number          text NOT NULL,
    total_cents     bigint NOT NULL,
    paid            boolean NOT NULL DEFAULT false,
    UNIQUE (organization_id, number),
    FOREIGN KEY (organization_id, customer_id)
        REFERENCES public.customers (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE public.invoice_lines (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    invoice_id   uuid NOT NULL REFERENCES public.invoices (id) ON DELETE CASCADE,
    description  text NOT NULL,
    amount_cents bigint NOT NULL
);
CREATE INDEX ON public.invoices (organization_id, customer_id);
CREATE INDEX ON public.invoice_lines (invoice_id);

ALTER TABLE public.organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.organizations FORCE ROW LEVEL SECURITY;
CREATE POLICY organizations_self ON public.organizations
    USING (id::text = current_setting('app.current_organization_id', true));

ALTER TABLE public.customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.customers FORCE ROW LEVEL SECURITY;
CREATE POLICY customers_org_isolation ON public.customers
    USING (organization_id::text = current_setting('app.current_organization_id', true));

ALTER TABLE public.invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.invoices FORCE ROW LEVEL SECURITY;
CREATE POLICY invoices_org_isolation ON public.invoices
    USING (organization_id::text = current_setting('app.current_organization_id', true));

ALTER TABLE public.invoice_lines ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.invoice_lines FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_lines_org_isolation ON public.invoice_lines
    USING (EXISTS (SELECT 1 FROM public.invoices i
                   WHERE i.id = invoice_lines.invoice_id
                     AND i.organization_id::text = current_setting('app.current_organization_id', true)));

GRANT SELECT ON public.organizations, public.countries TO c_surface_fdw_loopback;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.customers, public.invoices, public.invoice_lines TO c_surface_fdw_loopback;

INSERT INTO public.countries VALUES ('FR', 'France'), ('KE', 'Kenya'), ('US', 'United States');
INSERT INTO public.organizations (id, name, plan) VALUES
    ('11111111-1111-4111-8111-111111111111', 'Atelier Anvers', 'pro'),
    ('22222222-2222-4222-8222-222222222222', 'Bluebird Freight', 'enterprise'),
    ('33333333-3333-4333-8333-333333333333', 'Cobalt Dental', 'starter');
INSERT INTO public.customers (id, organization_id, country_code, name, email) VALUES
    ('c1a00000-0000-4000-8000-000000000001', '11111111-1111-4111-8111-111111111111', 'FR', 'Mina Roche', 'mina@roche.example'),
    ('c1a00000-0000-4000-8000-000000000002', '11111111-1111-4111-8111-111111111111', 'US', 'Otis Lake', 'otis@lake.example'),
    ('c2b00000-0000-4000-8000-000000000001', '22222222-2222-4222-8222-222222222222', 'KE', 'Njeri Auma', 'njeri@auma.example'),
    ('c2b00000-0000-4000-8000-000000000002', '22222222-2222-4222-8222-222222222222', 'US', 'Paul Voss', 'paul@voss.example'),
    ('c3c00000-0000-4000-8000-000000000001', '33333333-3333-4333-8333-333333333333', 'US', 'Quinn Hale', 'quinn@hale.example');
INSERT INTO public.invoices (id, organization_id, customer_id, number, total_cents, paid) VALUES
    ('e1a00000-0000-4000-8000-000000000001', '11111111-1111-4111-8111-111111111111', 'c1a00000-0000-4000-8000-000000000001', 'A-001', 12000, true),
    ('e1a00000-0000-4000-8000-000000000002', '11111111-1111-4111-8111-111111111111', 'c1a00000-0000-4000-8000-000000000002', 'A-002', 8050, false),
    ('e2b00000-0000-4000-8000-000000000001', '22222222-2222-4222-8222-222222222222', 'c2b00000-0000-4000-8000-000000000001', 'B-001', 990000, false),
    ('e2b00000-0000-4000-8000-000000000002', '22222222-2222-4222-8222-222222222222', 'c2b00000-0000-4000-8000-000000000001', 'B-002', 410000, false),
    ('e2b00000-0000-4000-8000-000000000003', '22222222-2222-4222-8222-222222222222', 'c2b00000-0000-4000-8000-000000000002', 'B-003', 75000, true),
    ('e3c00000-0000-4000-8000-000000000001', '33333333-3333-4333-8333-333333333333', 'c3c00000-0000-4000-8000-000000000001', 'C-001', 31000, false);
INSERT INTO public.invoice_lines (invoice_id, description, amount_cents) VALUES
    ('e1a00000-0000-4000-8000-000000000001', 'Oak table', 12000),
    ('e1a00000-0000-4000-8000-000000000002', 'Repair', 8050),
    ('e2b00000-0000-4000-8000-000000000001', 'Container Mombasa-Rotterdam', 900000),
    ('e2b00000-0000-4000-8000-000000000001', 'Insurance', 90000),
    ('e2b00000-0000-4000-8000-000000000002', 'Container Rotterdam-Lagos', 410000),
    ('e3c00000-0000-4000-8000-000000000001', 'Crown', 31000);

CREATE EXTENSION postgres_fdw;
-- The reporting server was merged into this one: the foreign server is a loopback.
DO $$ BEGIN
    EXECUTE format('CREATE SERVER reporting_db FOREIGN DATA WRAPPER postgres_fdw
                    OPTIONS (host %L, port %L, dbname %L)',
                   COALESCE(NULLIF(btrim(split_part(current_setting('unix_socket_directories'), ',', 1), ' "'), ''), 'localhost'),
                   current_setting('port'), current_database());
    -- The hole: whoever uses the server becomes the superuser.
    EXECUTE format('CREATE USER MAPPING FOR PUBLIC SERVER reporting_db
                    OPTIONS (user %L, password_required ''false'')', current_user);
END $$;
CREATE SCHEMA reporting;
CREATE FOREIGN TABLE reporting.invoices (organization_id uuid, number text, total_cents bigint)
    SERVER reporting_db OPTIONS (schema_name 'public', table_name 'invoices');
GRANT USAGE ON SCHEMA reporting TO c_surface_fdw_loopback;
GRANT SELECT ON reporting.invoices TO c_surface_fdw_loopback;
