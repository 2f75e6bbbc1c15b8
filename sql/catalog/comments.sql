-- What COMMENT ON wrote in this database. Objects below 16384 are PostgreSQL's own; schema public is
-- one of them, and yet the team's.
select d.classoid, d.objoid, d.objsubid, d.description
from pg_catalog.pg_description d
where d.objoid >= 16384 or d.classoid = 'pg_catalog.pg_namespace'::regclass
union all
select s.classoid, s.objoid, 0, s.description
from pg_catalog.pg_shdescription s
join pg_catalog.pg_database d on d.oid = s.objoid and d.datname = current_database()
where s.classoid = 'pg_catalog.pg_database'::regclass
