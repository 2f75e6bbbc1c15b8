-- The tenant key is an enum of brands

CREATE ROLE c_clean_enum_brand LOGIN PASSWORD 'c_clean_enum_brand';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TYPE public.brand AS ENUM ('aster', 'birch', 'cedar');
CREATE TABLE public.brands (
    brand  public.brand PRIMARY KEY,
    domain text NOT NULL
);
CREATE TABLE public.campaigns (
    brand  public.brand NOT NULL REFERENCES public.brands (brand),
    slug   text NOT NULL,
    budget integer NOT NULL,
    PRIMARY KEY (brand, slug)
);
CREATE TABLE public.subscribers (
    brand public.brand NOT NULL REFERENCES public.brands (brand),
    email text NOT NULL,
    UNIQUE (email, brand)
);
CREATE INDEX ON public.subscribers (brand);
ALTER TABLE public.brands ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.campaigns ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.subscribers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY b ON public.brands USING (brand::text = current_setting('app.brand', true));
CREATE POLICY b ON public.campaigns USING (brand = NULLIF(current_setting('app.brand', true), '')::public.brand);
CREATE POLICY b ON public.subscribers USING (brand::text = current_setting('app.brand', true));

GRANT SELECT ON public.brands TO c_clean_enum_brand;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.campaigns, public.subscribers TO c_clean_enum_brand;

INSERT INTO public.brands VALUES ('aster', 'aster.example'), ('birch', 'birch.example'), ('cedar', 'cedar.example');
INSERT INTO public.campaigns VALUES ('aster', 'spring', 100), ('birch', 'spring', 90000), ('birch', 'fall', 5);
INSERT INTO public.subscribers VALUES ('aster', 'tia@mail.example'), ('birch', 'uma@mail.example'), ('birch', 'tia@mail.example');
