-- The tenant key is called otherwise in three of four tables

CREATE ROLE c_clean_key_names_differ LOGIN PASSWORD 'c_clean_key_names_differ';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA legacy;
GRANT USAGE ON SCHEMA legacy TO c_clean_key_names_differ;

CREATE TABLE public.merchants (
    id   integer PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.users (
    works_for integer NOT NULL REFERENCES public.merchants (id),
    login     text NOT NULL,
    PRIMARY KEY (works_for, login)
);
CREATE TABLE public.orders (
    merchant_id integer NOT NULL REFERENCES public.merchants (id),
    no          integer NOT NULL,
    taken_by    text NOT NULL,
    total       integer NOT NULL,
    PRIMARY KEY (merchant_id, no),
    FOREIGN KEY (merchant_id, taken_by) REFERENCES public.users (works_for, login)
);
CREATE TABLE legacy.t_order_hist (
    "MNDT"  integer NOT NULL,
    "AUFNR" integer NOT NULL,
    "TXT"   text NOT NULL,
    PRIMARY KEY ("MNDT", "AUFNR")
);
CREATE TABLE public.payouts (
    beneficiary integer NOT NULL,
    order_no    integer NOT NULL,
    -- Who sent it, perhaps another merchant's name: not the owner of the row.
    merchant_id integer,
    PRIMARY KEY (beneficiary, order_no),
    FOREIGN KEY (beneficiary, order_no) REFERENCES public.orders (merchant_id, no)
);
ALTER TABLE public.merchants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE legacy.t_order_hist ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.payouts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY m ON public.merchants USING (id = NULLIF(current_setting('app.merchant', true), '')::int);
CREATE POLICY m ON public.users USING (works_for = NULLIF(current_setting('app.merchant', true), '')::int);
CREATE POLICY m ON public.orders USING (merchant_id = NULLIF(current_setting('app.merchant', true), '')::int);
CREATE POLICY m ON legacy.t_order_hist USING ("MNDT" = NULLIF(current_setting('app.merchant', true), '')::int);
CREATE POLICY m ON public.payouts USING (beneficiary = NULLIF(current_setting('app.merchant', true), '')::int);

GRANT SELECT ON public.merchants, public.payouts TO c_clean_key_names_differ;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.users, public.orders, legacy.t_order_hist TO c_clean_key_names_differ;

INSERT INTO public.merchants VALUES (3, 'Fig'), (4, 'Grove');
INSERT INTO public.users VALUES (3, 'ira'), (4, 'ira'), (4, 'jo');
INSERT INTO public.orders VALUES (3, 1, 'ira', 10), (4, 1, 'jo', 7000), (4, 2, 'ira', 5);
INSERT INTO legacy.t_order_hist VALUES (3, 900, 'alt'), (4, 900, 'geheim');
INSERT INTO public.payouts VALUES (3, 1, NULL), (4, 1, NULL);
