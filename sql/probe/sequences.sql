-- Sequences that feed tenant tables ($2), whether owned by a column or drawn from by a default, and what the role
-- ($1) may do with each.
select s.oid,
       quote_ident(n.nspname) || '.' || quote_ident(s.relname) as name,
       array(select distinct f.table_oid from unnest(array_agg(feeding.table_oid)) as f (table_oid) order by 1) as tables,
       pg_catalog.has_schema_privilege(r.oid, n.oid, 'usage')
           and pg_catalog.has_sequence_privilege(r.oid, s.oid, 'select') as may_select,
       pg_catalog.has_schema_privilege(r.oid, n.oid, 'usage')
           and pg_catalog.has_sequence_privilege(r.oid, s.oid, 'update') as may_update,
       r.rolsuper or pg_catalog.pg_has_role(r.oid, s.relowner, 'usage') as owns
from (select d.objid as seq, d.refobjid as table_oid
      from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::regclass
        and d.refclassid = 'pg_catalog.pg_class'::regclass
        and d.deptype in ('a', 'i')
      union
      -- A default that calls nextval() depends on its sequence.
      select d.refobjid, a.adrelid
      from pg_catalog.pg_attrdef a
      join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::regclass
                                 and d.objid = a.oid
                                 and d.refclassid = 'pg_catalog.pg_class'::regclass) as feeding
join pg_catalog.pg_class s on s.oid = feeding.seq and s.relkind = 'S'
join pg_catalog.pg_namespace n on n.oid = s.relnamespace
cross join pg_catalog.pg_roles r
where r.rolname = $1
  and feeding.table_oid = any ($2)
group by s.oid, s.relname, s.relowner, n.oid, n.nspname, r.oid, r.rolsuper
order by 2
