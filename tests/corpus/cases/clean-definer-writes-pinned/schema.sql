-- Definer functions and a procedure that insert, update and delete for the context

CREATE ROLE c_clean_definer_writes_pinned LOGIN PASSWORD 'c_clean_definer_writes_pinned';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA kb;
GRANT USAGE ON SCHEMA kb TO c_clean_definer_writes_pinned;

CREATE TABLE kb.tenants (
    tenant_id integer PRIMARY KEY,
    name      text NOT NULL
);
CREATE TABLE kb.articles (
    tenant_id integer NOT NULL REFERENCES kb.tenants (tenant_id),
    slug      text NOT NULL,
    title     text NOT NULL,
    written   date NOT NULL,
    live      boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, slug)
);
ALTER TABLE kb.tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE kb.articles ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY t ON kb.tenants USING (tenant_id = NULLIF(current_setting('kb.tenant', true), '')::int);
CREATE POLICY t ON kb.articles USING (tenant_id = NULLIF(current_setting('kb.tenant', true), '')::int);

CREATE FUNCTION kb.publish(p_slug text, p_title text) RETURNS kb.articles
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$
    INSERT INTO kb.articles AS a (tenant_id, slug, title, written, live)
    VALUES (current_setting('kb.tenant')::int, p_slug, p_title, current_date, true)
    ON CONFLICT (tenant_id, slug) DO UPDATE SET title = excluded.title, live = true
    RETURNING a.*
$$;
CREATE PROCEDURE kb.archive_before(p_day date)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    v_tenant int;
BEGIN
    v_tenant := NULLIF(current_setting('kb.tenant', true), '')::int;
    DELETE FROM kb.articles a WHERE a.tenant_id = v_tenant AND a.written < p_day AND NOT a.live;
    UPDATE kb.articles SET live = false WHERE tenant_id = v_tenant AND written < p_day;
END $$;
CREATE FUNCTION kb.retitle(p_slug text, p_title text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    UPDATE kb.articles AS a
    SET title = p_title
    FROM kb.tenants t
    WHERE t.tenant_id = current_setting('kb.tenant')::int
      AND a.tenant_id = t.tenant_id
      AND a.slug = p_slug;
    RETURN FOUND;
END $$;
REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA kb FROM PUBLIC;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA kb TO c_clean_definer_writes_pinned;
GRANT SELECT ON kb.tenants, kb.articles TO c_clean_definer_writes_pinned;

INSERT INTO kb.tenants VALUES (64, 'Alpaca'), (65, 'Bison');
INSERT INTO kb.articles VALUES
    (64, 'start', 'Start', '2020-01-01', true), (64, 'old', 'Old', '2020-01-01', false),
    (65, 'start', 'Anfang', '2020-01-01', true), (65, 'old', 'Alt', '2020-01-01', false), (65, 'only-b', 'Nur B', '2020-01-01', true);
