-- A Citus-style ads schema: the company in every key, reference tables, roll-ups by procedure

CREATE ROLE c_clean_app_distributed_ads LOGIN PASSWORD 'c_clean_app_distributed_ads';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE TABLE public.companies (
    id   bigint PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.geo_ips (
    country char(2) PRIMARY KEY,
    label   text NOT NULL
);
CREATE TABLE public.campaigns (
    company_id bigint NOT NULL REFERENCES public.companies (id),
    id         bigint NOT NULL,
    name       text NOT NULL,
    PRIMARY KEY (company_id, id)
);
CREATE TABLE public.ads (
    company_id  bigint NOT NULL,
    id          bigint NOT NULL,
    campaign_id bigint NOT NULL,
    url         text NOT NULL,
    PRIMARY KEY (company_id, id),
    FOREIGN KEY (company_id, campaign_id) REFERENCES public.campaigns (company_id, id) ON DELETE CASCADE
);
CREATE TABLE public.clicks (
    company_id bigint NOT NULL,
    click_id   uuid NOT NULL DEFAULT gen_random_uuid(),
    ad_id      bigint NOT NULL,
    country    char(2) REFERENCES public.geo_ips (country),
    day        date NOT NULL,
    cost       numeric NOT NULL,
    PRIMARY KEY (company_id, click_id, day)
) PARTITION BY RANGE (day);
CREATE TABLE public.clicks_2024 PARTITION OF public.clicks FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE public.clicks_rest PARTITION OF public.clicks DEFAULT;
CREATE TABLE public.click_rollup (
    company_id bigint NOT NULL REFERENCES public.companies (id),
    ad_id      bigint NOT NULL,
    day        date NOT NULL,
    clicks     bigint NOT NULL,
    cost       numeric NOT NULL,
    PRIMARY KEY (company_id, ad_id, day)
);
ALTER TABLE public.companies ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.companies FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON public.companies
    USING (id = nullif(current_setting('citus.company', true), '')::bigint)
    WITH CHECK (id = nullif(current_setting('citus.company', true), '')::bigint);
ALTER TABLE public.campaigns ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.campaigns FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON public.campaigns
    USING (company_id = nullif(current_setting('citus.company', true), '')::bigint)
    WITH CHECK (company_id = nullif(current_setting('citus.company', true), '')::bigint);
ALTER TABLE public.ads ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.ads FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON public.ads
    USING (company_id = nullif(current_setting('citus.company', true), '')::bigint)
    WITH CHECK (company_id = nullif(current_setting('citus.company', true), '')::bigint);
ALTER TABLE public.clicks ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.clicks FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON public.clicks
    USING (company_id = nullif(current_setting('citus.company', true), '')::bigint)
    WITH CHECK (company_id = nullif(current_setting('citus.company', true), '')::bigint);
ALTER TABLE public.click_rollup ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON public.click_rollup FOR SELECT USING (company_id = nullif(current_setting('citus.company', true), '')::bigint);
CREATE PROCEDURE public.roll_up(p_from date, p_to date) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_company bigint := nullif(current_setting('citus.company', true), '')::bigint;
    v_day     date := p_from;
BEGIN
    IF v_company IS NULL THEN
        RAISE EXCEPTION 'citus.company is not set';
    END IF;
    DROP TABLE IF EXISTS pg_temp.roll_up_work;
    CREATE TEMP TABLE roll_up_work ON COMMIT DROP AS
        SELECT c.ad_id, c.day, count(*) AS clicks, sum(c.cost) AS cost FROM public.clicks c
        WHERE c.company_id = v_company AND c.day BETWEEN p_from AND p_to GROUP BY c.ad_id, c.day;
    WHILE v_day <= p_to LOOP
        INSERT INTO public.click_rollup AS r (company_id, ad_id, day, clicks, cost)
        SELECT v_company, w.ad_id, w.day, w.clicks, w.cost FROM pg_temp.roll_up_work w WHERE w.day = v_day
        ON CONFLICT (company_id, ad_id, day) DO UPDATE SET clicks = EXCLUDED.clicks, cost = EXCLUDED.cost WHERE r.company_id = v_company;
        v_day := v_day + 1;
    END LOOP;
    DROP TABLE pg_temp.roll_up_work;
END $$;
CREATE FUNCTION public.top_campaigns(p_n integer) RETURNS TABLE (campaign text, cost numeric, share numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH mine AS (
        SELECT k.name, sum(r.cost) AS cost
        FROM public.click_rollup r
        JOIN public.ads a ON a.company_id = r.company_id AND a.id = r.ad_id
        JOIN public.campaigns k ON k.company_id = a.company_id AND k.id = a.campaign_id
        WHERE r.company_id = nullif(current_setting('citus.company', true), '')::bigint GROUP BY k.company_id, k.id, k.name)
    SELECT name, cost, cost / nullif(sum(cost) OVER (), 0) FROM mine ORDER BY cost DESC LIMIT p_n $$;
CREATE FUNCTION public.clicks_by_country() RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c   CURSOR FOR SELECT g.label, count(*) AS n FROM public.clicks k JOIN public.geo_ips g ON g.country = k.country GROUP BY g.label;
    res jsonb := '{}';
BEGIN
    FOR r IN c LOOP
        res := res || jsonb_build_object(r.label, r.n);
    END LOOP;
    RETURN res;
END $$;
REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE public.roll_up(date, date) TO c_clean_app_distributed_ads;
GRANT EXECUTE ON FUNCTION public.top_campaigns(integer), public.clicks_by_country() TO c_clean_app_distributed_ads;
GRANT SELECT ON public.companies, public.geo_ips, public.click_rollup TO c_clean_app_distributed_ads;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.campaigns, public.ads TO c_clean_app_distributed_ads;
GRANT SELECT, INSERT ON public.clicks TO c_clean_app_distributed_ads;
INSERT INTO public.companies VALUES (5001, 'A'), (5002, 'B');
INSERT INTO public.geo_ips VALUES ('DE', 'Germany'), ('JP', 'Japan');
INSERT INTO public.campaigns VALUES (5001, 1, 'spring'), (5002, 1, 'secret launch');
INSERT INTO public.ads VALUES (5001, 1, 1, 'https://a.example'), (5002, 1, 1, 'https://b.example');
INSERT INTO public.clicks (company_id, ad_id, country, day, cost) VALUES (5001, 1, 'DE', '2024-03-01', 1), (5002, 1, 'JP', '2024-03-01', 70), (5002, 1, 'JP', '2024-03-02', 30);
INSERT INTO public.click_rollup VALUES (5001, 1, '2024-03-01', 1, 1), (5002, 1, '2024-03-01', 1, 70);
