-- The setting's name in other letter case, and a trusted registry with odd names

CREATE ROLE c_clean_setting_name_case LOGIN PASSWORD 'c_clean_setting_name_case';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA registry;
GRANT USAGE ON SCHEMA registry TO c_clean_setting_name_case;

CREATE TABLE registry."Communes" (
    label     text NOT NULL,
    "Réf. N°" uuid NOT NULL CONSTRAINT communes_ref PRIMARY KEY
);
CREATE TABLE public."Plots" (
    "CommuneRef" uuid NOT NULL REFERENCES registry."Communes" ("Réf. N°"),
    "n° de parcelle, tel qu'il figure au cadastre de la commune ref" text NOT NULL,
    "owner" text NOT NULL,
    PRIMARY KEY ("CommuneRef", "n° de parcelle, tel qu'il figure au cadastre de la commune ref")
);
CREATE TABLE public."select" (
    "CommuneRef" uuid NOT NULL REFERENCES registry."Communes" ("Réf. N°"),
    "from"       date NOT NULL,
    "a""b.c"     text NOT NULL,
    PRIMARY KEY ("CommuneRef", "from")
);
ALTER TABLE registry."Communes" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public."Plots" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public."select" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "the commune's own" ON registry."Communes" FOR SELECT
    USING ("Réf. N°" = NULLIF(current_setting('App.CURRENT_Commune', true), '')::uuid);
CREATE POLICY "the commune's own" ON public."Plots"
    USING ("CommuneRef" = (SELECT NULLIF(pg_catalog.current_setting('APP.current_commune', true), '')::uuid));
CREATE POLICY "the commune's own" ON public."select"
    USING ("CommuneRef" = NULLIF(current_setting('app.current_Commune'::text, true), '')::uuid);

GRANT SELECT ON registry."Communes" TO c_clean_setting_name_case;
GRANT SELECT, INSERT, UPDATE, DELETE ON public."Plots", public."select" TO c_clean_setting_name_case;

INSERT INTO registry."Communes" VALUES ('Aubry', '2b000000-0000-4000-8000-000000000001'), ('Bercy', '2b000000-0000-4000-8000-000000000002');
INSERT INTO public."Plots" VALUES ('2b000000-0000-4000-8000-000000000001', 'A 1', 'Mme Roux'), ('2b000000-0000-4000-8000-000000000002', 'A 1', 'M. Noir'), ('2b000000-0000-4000-8000-000000000002', 'B 7', 'Mme Vert');
INSERT INTO public."select" VALUES ('2b000000-0000-4000-8000-000000000001', '2025-01-01', 'budget'), ('2b000000-0000-4000-8000-000000000002', '2025-01-01', 'audit');
