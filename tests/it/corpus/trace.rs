//! What a run leaves behind: everything in a database, told in a few lines that can be compared.

use crate::support::Session;

/// Each catalog with its rows and its newest change, each table with its rows and their checksum, and
/// what the cluster knows of the case's roles. Sequences are left out: what they gave is not taken back.
const TAKE: &str = "
do $$
declare
    place record;
    line text;
    told text := '';
begin
    for place in
        select c.oid::regclass as name, n.nspname = 'pg_catalog' as system
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where not c.relisshared
          and (n.nspname = 'pg_catalog' and c.relkind = 'r' and c.relname not like 'pg_statistic%'
               or n.nspname !~ '^(pg_|information_schema$)' and c.relkind in ('r', 'm') and c.relispopulated)
        order by n.nspname, c.relname
    loop
        execute case when place.system
            then format('select count(*) || '' '' || coalesce(max(xmin::text::bigint), 0) from %s', place.name)
            else format('select count(*) || '' '' || coalesce(md5(string_agg(md5(t::text), '''' order by md5(t::text))), '''') from only %s t', place.name)
            end into line;
        told := told || place.name || ' ' || line || E'\\n';
    end loop;
    perform pg_catalog.set_config('trace.told', told, false);
end $$;
select pg_catalog.current_setting('trace.told')
union all
select pg_catalog.string_agg(r::text, ' ' order by r.oid) from pg_catalog.pg_authid r where pg_catalog.starts_with(r.rolname, '{role}')
union all
select pg_catalog.string_agg(m::text, ' ' order by m::text) from pg_catalog.pg_auth_members m
join pg_catalog.pg_roles r on r.oid in (m.roleid, m.member) and pg_catalog.starts_with(r.rolname, '{role}')
union all
select pg_catalog.string_agg(s::text, ' ' order by s::text) from pg_catalog.pg_db_role_setting s
where s.setdatabase = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
   or s.setrole in (select oid from pg_catalog.pg_roles where pg_catalog.starts_with(rolname, '{role}'))
union all
select d.datname || coalesce(d.datacl::text, '') from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()";

/// Everything in the session's database and of roles that begin like this one.
pub(super) fn take(session: &Session, role: &str) -> Vec<String> {
    let rows = session.sql(&TAKE.replace("{role}", role));
    rows.iter()
        .flat_map(|row| {
            row[0]
                .as_deref()
                .unwrap_or("-")
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The lines that differ.
pub(super) fn difference(before: &[String], after: &[String]) -> Vec<String> {
    let gone = before.iter().filter(|line| !after.contains(line));
    let new = after.iter().filter(|line| !before.contains(line));
    gone.map(|line| format!("- {line}"))
        .chain(new.map(|line| format!("+ {line}")))
        .collect()
}
