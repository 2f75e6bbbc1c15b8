-- A Rails application: accounts, projects, tasks, counters, audits and a search

CREATE ROLE c_clean_app_rails_saas LOGIN PASSWORD 'c_clean_app_rails_saas';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE TABLE public.schema_migrations (
    version varchar PRIMARY KEY
);
CREATE TABLE public.accounts (
    id         bigint PRIMARY KEY,
    name       varchar NOT NULL,
    created_at timestamp(6) NOT NULL DEFAULT now()
);
CREATE TABLE public.users (
    id         bigint NOT NULL,
    account_id bigint NOT NULL REFERENCES public.accounts (id),
    email      varchar NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX index_users_on_account_and_email ON public.users (account_id, lower(email));
CREATE TABLE public.projects (
    id           bigint NOT NULL,
    account_id   bigint NOT NULL REFERENCES public.accounts (id),
    name         varchar NOT NULL,
    tasks_count  integer NOT NULL DEFAULT 0,
    discarded_at timestamp(6),
    PRIMARY KEY (account_id, id)
);
CREATE TABLE public.tasks (
    id         bigint NOT NULL,
    account_id bigint NOT NULL,
    project_id bigint NOT NULL,
    title      varchar NOT NULL,
    state      varchar NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'doing', 'done')),
    tags       varchar[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (account_id, id),
    FOREIGN KEY (account_id, project_id) REFERENCES public.projects (account_id, id) ON DELETE CASCADE
);
CREATE INDEX index_tasks_on_account_and_project ON public.tasks (account_id, project_id);
CREATE TABLE public.account_counters (
    account_id bigint NOT NULL REFERENCES public.accounts (id),
    name       varchar NOT NULL,
    value      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, name)
);
CREATE TABLE public.audits (
    account_id     bigint NOT NULL,
    uuid           uuid NOT NULL DEFAULT gen_random_uuid(),
    auditable_type varchar NOT NULL,
    auditable_id   bigint NOT NULL,
    audited_changes jsonb NOT NULL,
    PRIMARY KEY (account_id, uuid)
);
ALTER TABLE public.accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.accounts FORCE ROW LEVEL SECURITY;
CREATE POLICY account_self ON public.accounts
    USING (id = nullif(current_setting('app.current_account_id', true), '')::bigint)
    WITH CHECK (id = nullif(current_setting('app.current_account_id', true), '')::bigint);
ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.users FORCE ROW LEVEL SECURITY;
CREATE POLICY account_rows ON public.users
    USING (account_id = nullif(current_setting('app.current_account_id', true), '')::bigint)
    WITH CHECK (account_id = nullif(current_setting('app.current_account_id', true), '')::bigint);
ALTER TABLE public.projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.projects FORCE ROW LEVEL SECURITY;
CREATE POLICY account_rows ON public.projects
    USING (account_id = nullif(current_setting('app.current_account_id', true), '')::bigint)
    WITH CHECK (account_id = nullif(current_setting('app.current_account_id', true), '')::bigint);
ALTER TABLE public.tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.tasks FORCE ROW LEVEL SECURITY;
CREATE POLICY account_rows ON public.tasks
    USING (account_id = nullif(current_setting('app.current_account_id', true), '')::bigint)
    WITH CHECK (account_id = nullif(current_setting('app.current_account_id', true), '')::bigint);
ALTER TABLE public.account_counters ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.account_counters FORCE ROW LEVEL SECURITY;
CREATE POLICY account_rows ON public.account_counters
    USING (account_id = nullif(current_setting('app.current_account_id', true), '')::bigint)
    WITH CHECK (account_id = nullif(current_setting('app.current_account_id', true), '')::bigint);
ALTER TABLE public.audits ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY account_rows ON public.audits FOR SELECT USING (account_id = nullif(current_setting('app.current_account_id', true), '')::bigint);

CREATE FUNCTION public.current_account_id() RETURNS bigint LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v bigint := nullif(current_setting('app.current_account_id', true), '')::bigint;
BEGIN
    IF v IS NULL THEN
        RAISE EXCEPTION 'no current account';
    END IF;
    RETURN v;
END $$;
-- BEFORE: key and number come from the context, whatever the client sent.
CREATE FUNCTION public.number_record() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.account_id := public.current_account_id();
    INSERT INTO public.account_counters AS c (account_id, name, value) VALUES (NEW.account_id, TG_TABLE_NAME, 1)
    ON CONFLICT (account_id, name) DO UPDATE SET value = c.value + 1
    RETURNING value INTO NEW.id;
    RETURN NEW;
END $$;
CREATE TRIGGER number_record BEFORE INSERT ON public.projects FOR EACH ROW EXECUTE FUNCTION public.number_record();
CREATE TRIGGER number_record BEFORE INSERT ON public.users FOR EACH ROW EXECUTE FUNCTION public.number_record();
CREATE TRIGGER number_record BEFORE INSERT ON public.tasks FOR EACH ROW EXECUTE FUNCTION public.number_record();
CREATE FUNCTION public.write_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_row jsonb := CASE TG_OP WHEN 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
    v_old jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}' END;
BEGIN
    INSERT INTO public.audits (account_id, auditable_type, auditable_id, audited_changes)
    SELECT (v_row ->> 'account_id')::bigint, TG_TABLE_NAME, (v_row ->> 'id')::bigint,
           coalesce(jsonb_object_agg(k, jsonb_build_array(v_old -> k, v)), '{}')
    FROM jsonb_each(v_row) AS e (k, v) WHERE v_old -> k IS DISTINCT FROM v;
    RETURN NULL;
END $$;
CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON public.tasks FOR EACH ROW EXECUTE FUNCTION public.write_audit();
CREATE FUNCTION public.count_tasks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP IN ('DELETE', 'UPDATE') THEN
        UPDATE public.projects p SET tasks_count = tasks_count - 1 WHERE p.account_id = OLD.account_id AND p.id = OLD.project_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE public.projects p SET tasks_count = tasks_count + 1 WHERE p.account_id = NEW.account_id AND p.id = NEW.project_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER counter_cache AFTER INSERT OR DELETE OR UPDATE OF project_id ON public.tasks FOR EACH ROW EXECUTE FUNCTION public.count_tasks();
CREATE FUNCTION public.search_tasks(p_query text, p_tags varchar[] DEFAULT NULL, p_limit integer DEFAULT 20)
    RETURNS TABLE (task_id bigint, title varchar, project varchar)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_account bigint := public.current_account_id();
BEGIN
    RETURN QUERY
    SELECT t.id, t.title, p.name FROM public.tasks t
    JOIN public.projects p ON p.account_id = t.account_id AND p.id = t.project_id
    WHERE t.account_id = v_account AND p.discarded_at IS NULL
      AND to_tsvector('simple', t.title) @@ plainto_tsquery('simple', p_query)
      AND (p_tags IS NULL OR t.tags && p_tags)
    ORDER BY t.id LIMIT least(p_limit, 100);
END $$;
CREATE FUNCTION public.move_task(p_task bigint, p_project bigint) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_account bigint := public.current_account_id();
    v_task    public.tasks%rowtype;
BEGIN
    SELECT * INTO v_task FROM public.tasks t WHERE t.account_id = v_account AND t.id = p_task FOR UPDATE;
    IF NOT FOUND THEN
        RETURN jsonb_build_object('error', 'not_found');
    ELSIF v_task.project_id = p_project THEN
        RETURN jsonb_build_object('unchanged', true);
    END IF;
    UPDATE public.tasks t SET project_id = p_project WHERE t.account_id = v_task.account_id AND t.id = v_task.id;
    RETURN jsonb_build_object('task', v_task.id, 'from', v_task.project_id, 'to', p_project);
EXCEPTION WHEN foreign_key_violation THEN
    RETURN jsonb_build_object('error', 'no_such_project');
END $$;
CREATE VIEW public.task_stats WITH (security_barrier) AS
    WITH mine AS (SELECT * FROM public.tasks WHERE account_id = nullif(current_setting('app.current_account_id', true), '')::bigint)
    SELECT project_id, state, count(*) AS n FROM mine GROUP BY project_id, state;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.current_account_id(), public.search_tasks(text, varchar[], integer), public.move_task(bigint, bigint) TO c_clean_app_rails_saas;
GRANT SELECT ON public.schema_migrations, public.accounts, public.audits, public.task_stats TO c_clean_app_rails_saas;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.users, public.projects, public.tasks, public.account_counters TO c_clean_app_rails_saas;
INSERT INTO public.schema_migrations VALUES ('20240101000000');
INSERT INTO public.accounts VALUES (101, 'Acme'), (102, 'Bolt');
SET app.current_account_id = '101';
INSERT INTO public.users (account_id, email) VALUES (101, 'a@acme.example');
INSERT INTO public.projects (name) VALUES ('Site');
INSERT INTO public.tasks (project_id, title, tags) VALUES (1, 'buy paint', '{home}');
SET app.current_account_id = '102';
INSERT INTO public.users (account_id, email) VALUES (102, 'b@bolt.example');
INSERT INTO public.projects (name) VALUES ('Takeover'), ('Hiring');
INSERT INTO public.tasks (project_id, title, tags) VALUES (1, 'buy acme', '{secret}'), (2, 'call recruiter', '{}');
RESET app.current_account_id;
