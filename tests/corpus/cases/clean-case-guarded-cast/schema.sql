-- CASE keeps a malformed setting from being cast

CREATE ROLE c_clean_case_guarded_cast_ddl NOLOGIN;
CREATE ROLE c_clean_case_guarded_cast LOGIN PASSWORD 'c_clean_case_guarded_cast';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.accounts (
    account_id bigint PRIMARY KEY,
    holder     text NOT NULL
);
CREATE TABLE public.transfers (
    account_id bigint NOT NULL REFERENCES public.accounts (account_id),
    ref        text NOT NULL,
    cents      bigint NOT NULL,
    PRIMARY KEY (account_id, ref)
);
CREATE TABLE public.transfer_notes (
    account_id bigint NOT NULL,
    ref        text NOT NULL,
    note       text NOT NULL,
    PRIMARY KEY (account_id, ref),
    FOREIGN KEY (account_id, ref) REFERENCES public.transfers (account_id, ref) ON DELETE CASCADE
);
ALTER TABLE public.accounts OWNER TO c_clean_case_guarded_cast_ddl;
ALTER TABLE public.transfers OWNER TO c_clean_case_guarded_cast_ddl;
ALTER TABLE public.transfer_notes OWNER TO c_clean_case_guarded_cast_ddl;
ALTER TABLE public.accounts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.transfers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.transfer_notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own ON public.accounts
    USING (CASE WHEN current_setting('app.account_id', true) ~ '^[0-9]{1,18}$'
                THEN account_id = current_setting('app.account_id', true)::bigint ELSE false END);
CREATE POLICY own ON public.transfers
    USING (account_id = CASE WHEN current_setting('app.account_id', true) ~ '^[0-9]{1,18}$'
                             THEN current_setting('app.account_id', true)::bigint END);
CREATE POLICY own ON public.transfer_notes
    USING (CASE current_setting('app.account_id', true)
               WHEN '' THEN false
               WHEN account_id::text THEN true
               ELSE false END);

GRANT SELECT ON public.accounts TO c_clean_case_guarded_cast;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.transfers, public.transfer_notes TO c_clean_case_guarded_cast;

INSERT INTO public.accounts VALUES (1001, 'Vera Lindt'), (1002, 'Walt Oyelaran');
INSERT INTO public.transfers VALUES (1001, 'T1', 500), (1002, 'T1', 90000), (1002, 'T2', 15);
INSERT INTO public.transfer_notes VALUES (1001, 'T1', 'rent'), (1002, 'T1', 'house'), (1002, 'T2', 'coffee');
