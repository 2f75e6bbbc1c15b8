-- A partial unique index on an expression spans all tenants

CREATE ROLE c_oracle_partial_expression_index LOGIN PASSWORD 'c_oracle_partial_expression_index';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.accounts (
    account text PRIMARY KEY
);
CREATE TABLE public.domains (
    account  text NOT NULL REFERENCES public.accounts (account) ON DELETE CASCADE,
    domain   text NOT NULL,
    verified boolean NOT NULL DEFAULT false,
    PRIMARY KEY (account, domain)
);
CREATE UNIQUE INDEX domains_verified_once ON public.domains (lower(domain)) WHERE verified;      -- the hole
ALTER TABLE public.domains ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.domains FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.domains
    USING (account = current_setting('mail.account', true))
    WITH CHECK (account = current_setting('mail.account', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.domains TO c_oracle_partial_expression_index;

INSERT INTO public.accounts VALUES ('acc-1'), ('acc-2');
INSERT INTO public.domains VALUES ('acc-1', 'one.example', true), ('acc-2', 'Secret-Project.example', true), ('acc-2', 'two.example', false);
