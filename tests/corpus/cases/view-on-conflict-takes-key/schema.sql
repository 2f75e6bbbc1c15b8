-- Through a view with a check option an upsert takes over another tenant's row

CREATE ROLE c_view_on_conflict_takes_key LOGIN PASSWORD 'c_view_on_conflict_takes_key';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA cal;
CREATE SCHEMA api;
CREATE TABLE cal.clinics (
    clinic integer PRIMARY KEY
);
CREATE TABLE cal.slots (
    clinic  integer NOT NULL REFERENCES cal.clinics (clinic),
    slot    integer NOT NULL,
    patient text NOT NULL,
    PRIMARY KEY (clinic, slot)
);
ALTER TABLE cal.slots ENABLE ROW LEVEL SECURITY;
ALTER TABLE cal.slots FORCE ROW LEVEL SECURITY;
CREATE VIEW api.slots WITH (security_barrier) AS
    SELECT clinic, slot, patient FROM cal.slots WHERE clinic = nullif(current_setting('cal.clinic', true), '')::integer
    WITH CASCADED CHECK OPTION;
ALTER VIEW api.slots ALTER COLUMN clinic SET DEFAULT nullif(current_setting('cal.clinic', true), '')::integer;
GRANT USAGE ON SCHEMA api TO c_view_on_conflict_takes_key;
GRANT SELECT, INSERT, UPDATE, DELETE ON api.slots TO c_view_on_conflict_takes_key;               -- the hole: the key's column too
INSERT INTO cal.clinics VALUES (81), (82);
INSERT INTO cal.slots VALUES (81, 1, 'Ann'), (82, 7, 'Mr. Secret');
