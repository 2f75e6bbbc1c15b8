select s.setdatabase, s.setrole, s.setconfig
from pg_catalog.pg_db_role_setting s
where s.setdatabase = 0 or s.setdatabase = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
order by 1, 2
