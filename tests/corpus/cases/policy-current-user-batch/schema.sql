-- The policy opens for a batch role that the application may become

REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE ROLE c_policy_current_user_batch LOGIN NOINHERIT PASSWORD 'c_policy_current_user_batch';
CREATE ROLE c_policy_current_user_batch_batch NOLOGIN;
CREATE ROLE c_policy_current_user_batch_deploy NOLOGIN NOINHERIT;
GRANT c_policy_current_user_batch_batch TO c_policy_current_user_batch_deploy;
GRANT c_policy_current_user_batch_deploy TO c_policy_current_user_batch;      -- the hole

CREATE TABLE public.employers (
    employer text PRIMARY KEY,
    vat_no   text NOT NULL
);
CREATE TABLE public.payslips (
    employer text NOT NULL REFERENCES public.employers (employer) ON DELETE CASCADE,
    employee text NOT NULL,
    month    date NOT NULL,
    net      numeric(10,2) NOT NULL,
    PRIMARY KEY (employer, employee, month)
);

ALTER TABLE public.payslips ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.payslips FORCE ROW LEVEL SECURITY;
CREATE POLICY employer_only ON public.payslips
    USING (employer = current_setting('payroll.employer', true) OR current_user = 'c_policy_current_user_batch_batch')
    WITH CHECK (employer = current_setting('payroll.employer', true));

GRANT SELECT, INSERT ON public.payslips TO c_policy_current_user_batch;
GRANT SELECT ON public.payslips TO c_policy_current_user_batch_batch;

INSERT INTO public.employers VALUES ('employer-a', 'BE1'), ('employer-b', 'BE2');
INSERT INTO public.payslips VALUES ('employer-a', 'Ada', '2025-01-01', 2100), ('employer-b', 'Bo', '2025-01-01', 3900), ('employer-b', 'Cy', '2025-01-01', 2700);
