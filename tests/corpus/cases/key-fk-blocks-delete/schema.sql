-- A reference to another tenant's asset keeps its owner from deleting it

CREATE ROLE c_key_fk_blocks_delete LOGIN PASSWORD 'c_key_fk_blocks_delete';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.orgs (
    org uuid PRIMARY KEY
);
CREATE TABLE public.assets (
    asset_id uuid PRIMARY KEY,
    org      uuid NOT NULL REFERENCES public.orgs (org) ON DELETE CASCADE,
    label    text NOT NULL,
    UNIQUE (org, asset_id)
);
CREATE TABLE public.reservations (
    org      uuid NOT NULL REFERENCES public.orgs (org) ON DELETE CASCADE,
    asset_id uuid NOT NULL CONSTRAINT reservations_asset REFERENCES public.assets (asset_id),      -- the hole
    day      date NOT NULL,
    PRIMARY KEY (org, asset_id, day)
);
CREATE INDEX ON public.reservations (asset_id);
ALTER TABLE public.assets ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.assets FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.assets
    USING (org = nullif(current_setting('rent.org', true), '')::uuid)
    WITH CHECK (org = nullif(current_setting('rent.org', true), '')::uuid);
ALTER TABLE public.reservations ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.reservations FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.reservations
    USING (org = nullif(current_setting('rent.org', true), '')::uuid)
    WITH CHECK (org = nullif(current_setting('rent.org', true), '')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON public.assets, public.reservations TO c_key_fk_blocks_delete;

INSERT INTO public.orgs VALUES ('f1000000-0000-4000-8000-000000000001'), ('f2000000-0000-4000-8000-000000000001');
INSERT INTO public.assets VALUES ('f1000000-0000-4000-8000-0000000000aa', 'f1000000-0000-4000-8000-000000000001', 'Drill'),
    ('f2000000-0000-4000-8000-0000000000aa', 'f2000000-0000-4000-8000-000000000001', 'Crane');
