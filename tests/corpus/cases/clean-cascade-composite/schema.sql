-- Three levels of composite keys that cascade, deferred, in the plain Citus form

CREATE ROLE c_clean_cascade_composite LOGIN PASSWORD 'c_clean_cascade_composite';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.ad_formats (
    format text PRIMARY KEY
);
CREATE TABLE public.companies (
    company_id bigint PRIMARY KEY,
    name       text NOT NULL
);
CREATE TABLE public.campaigns (
    company_id bigint NOT NULL REFERENCES public.companies,
    id         bigint NOT NULL,
    budget     bigint NOT NULL,
    PRIMARY KEY (company_id, id)
);
CREATE TABLE public.ads (
    company_id  bigint NOT NULL,
    id          bigint NOT NULL,
    campaign_id bigint NOT NULL,
    format      text NOT NULL REFERENCES public.ad_formats,
    PRIMARY KEY (company_id, id),
    FOREIGN KEY (company_id, campaign_id) REFERENCES public.campaigns (company_id, id)
        ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX ON public.ads (company_id, campaign_id);
CREATE TABLE public.clicks (
    company_id bigint NOT NULL,
    ad_id      bigint NOT NULL,
    at         timestamptz NOT NULL,
    refund_of  timestamptz,
    PRIMARY KEY (company_id, ad_id, at),
    FOREIGN KEY (company_id, ad_id) REFERENCES public.ads (company_id, id) ON DELETE CASCADE DEFERRABLE,
    FOREIGN KEY (company_id, ad_id, refund_of) REFERENCES public.clicks (company_id, ad_id, at) DEFERRABLE
);
ALTER TABLE public.companies ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.campaigns ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.ads ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.clicks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- Plain comparisons: Citus pushes them down, sub-selects it refuses.
CREATE POLICY tenant ON public.companies TO c_clean_cascade_composite USING (company_id = current_setting('citus.company')::bigint);
CREATE POLICY tenant ON public.campaigns TO c_clean_cascade_composite USING (company_id = current_setting('citus.company')::bigint);
CREATE POLICY tenant ON public.ads TO c_clean_cascade_composite USING (current_setting('citus.company')::bigint = company_id);
CREATE POLICY tenant ON public.clicks TO c_clean_cascade_composite USING (company_id = current_setting('citus.company')::bigint);

GRANT SELECT ON public.companies, public.ad_formats TO c_clean_cascade_composite;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.campaigns, public.ads, public.clicks TO c_clean_cascade_composite;

INSERT INTO public.ad_formats VALUES ('banner'), ('video');
INSERT INTO public.companies VALUES (5, 'Vantage'), (6, 'Willow');
INSERT INTO public.campaigns VALUES (5, 1, 100), (6, 1, 80000), (6, 2, 70);
INSERT INTO public.ads VALUES (5, 1, 1, 'banner'), (6, 1, 1, 'video'), (6, 2, 2, 'video');
INSERT INTO public.clicks VALUES (5, 1, '2025-01-01', NULL), (6, 1, '2025-01-01', NULL), (6, 2, '2025-01-02', NULL);
