-- What the rules of a relation read and write, the SELECT rule of a view among them. A rule depends
-- on its own relation too (deptype 'i' or 'a'); that edge is not a reference.
select distinct r.oid as rule, r.ev_class as relation, r.ev_type::text as event, r.rulename::text as name,
       d.refobjid as refers_to
from pg_catalog.pg_rewrite r
join pg_catalog.pg_class c on c.oid = r.ev_class
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_depend d
  on d.classid = 'pg_catalog.pg_rewrite'::regclass
 and d.objid = r.oid
 and d.refclassid = 'pg_catalog.pg_class'::regclass
 and d.refobjid <> r.ev_class
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by 2, 3, 4, 5
