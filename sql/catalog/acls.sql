-- Thousands of tables share a handful of access lists: each is exploded once.
select a.list, (a.item).grantor, (a.item).grantee, (a.item).privilege_type as privilege,
       (a.item).is_grantable
from (
    select x.acl::text as list, aclexplode(x.acl) as item
    from (
        select distinct on (s.acl::text) s.acl
        from (
            select relacl as acl from pg_catalog.pg_class where relacl is not null
            union all
            select attacl from pg_catalog.pg_attribute where attacl is not null
            union all
            select proacl from pg_catalog.pg_proc where proacl is not null
            union all
            select nspacl from pg_catalog.pg_namespace where nspacl is not null
            union all
            select datacl from pg_catalog.pg_database where datacl is not null
            union all
            select defaclacl from pg_catalog.pg_default_acl
        ) s
        order by s.acl::text
    ) x
) a
