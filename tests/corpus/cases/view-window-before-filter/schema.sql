-- A view adds the market total before it filters by tenant

CREATE ROLE c_view_window_before_filter LOGIN PASSWORD 'c_view_window_before_filter';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.sellers (
    seller_id bigint PRIMARY KEY,
    name      text NOT NULL
);
CREATE TABLE public.turnover (
    seller_id bigint NOT NULL REFERENCES public.sellers (seller_id) ON DELETE CASCADE,
    category  text NOT NULL,
    cents     bigint NOT NULL,
    PRIMARY KEY (seller_id, category)
);
ALTER TABLE public.turnover ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.turnover FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.turnover
    USING (seller_id = nullif(current_setting('mp.seller', true), '')::bigint)
    WITH CHECK (seller_id = nullif(current_setting('mp.seller', true), '')::bigint);

CREATE VIEW public.my_share WITH (security_barrier) AS
    SELECT s.seller_id, s.category, s.cents, s.category_total
    FROM (SELECT t.*, sum(t.cents) OVER (PARTITION BY t.category) AS category_total
          FROM public.turnover t) s                                          -- the hole
    WHERE s.seller_id = nullif(current_setting('mp.seller', true), '')::bigint;
GRANT SELECT ON public.my_share TO c_view_window_before_filter;
GRANT SELECT, INSERT, UPDATE ON public.turnover TO c_view_window_before_filter;

INSERT INTO public.sellers VALUES (9001, 'Pots'), (9002, 'Pans');
INSERT INTO public.turnover VALUES (9001, 'kitchen', 100), (9002, 'kitchen', 777000), (9002, 'garden', 5);
