-- A definer function fetches any large object by its number

CREATE ROLE c_function_large_object_by_oid LOGIN PASSWORD 'c_function_large_object_by_oid';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE ROLE c_function_large_object_by_oid_storage NOLOGIN;
CREATE SCHEMA docs;
CREATE TABLE docs.offices (
    id bigint PRIMARY KEY
);
CREATE TABLE docs.documents (
    office_id bigint NOT NULL REFERENCES docs.offices (id),
    title     text NOT NULL,
    scan      oid NOT NULL,
    PRIMARY KEY (office_id, title)
);
ALTER TABLE docs.documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE docs.documents FORCE ROW LEVEL SECURITY;
CREATE POLICY office_rows ON docs.documents
    USING (office_id = nullif(current_setting('docs.office', true), '')::bigint)
    WITH CHECK (office_id = nullif(current_setting('docs.office', true), '')::bigint);
CREATE FUNCTION docs.read_scan(p_scan oid) RETURNS bytea
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ SELECT pg_catalog.lo_get(p_scan) $$;                     -- the hole: nobody asks whose it is
ALTER FUNCTION docs.read_scan(oid) OWNER TO c_function_large_object_by_oid_storage;
REVOKE EXECUTE ON FUNCTION docs.read_scan(oid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION docs.read_scan(oid) TO c_function_large_object_by_oid;
GRANT USAGE ON SCHEMA docs TO c_function_large_object_by_oid, c_function_large_object_by_oid_storage;
GRANT SELECT ON docs.documents TO c_function_large_object_by_oid, c_function_large_object_by_oid_storage;
INSERT INTO docs.offices VALUES (7), (8);
INSERT INTO docs.documents VALUES (7, 'lease', lo_from_bytea(0, 'our lease')), (8, 'will', lo_from_bytea(0, 'last will of Mrs. K'));
DO $$
DECLARE o oid;
BEGIN
    FOR o IN SELECT scan FROM docs.documents LOOP
        EXECUTE format('ALTER LARGE OBJECT %s OWNER TO c_function_large_object_by_oid_storage', o);
    END LOOP;
END $$;
