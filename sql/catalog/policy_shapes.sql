-- Policies by what is stored of them. Where they hold no sub-select on a table, no column of the table around a
-- sub-select and no whole row, the names of the columns are all that the print takes from the table.
select s.policies,
       s.tables,
       s.stored ~ ':rtable \(|:varlevelsup [1-9]|:varattno 0 ' as of_its_table,
       (select array_agg(distinct v.found[1]::int2)
        from regexp_matches(s.stored, ':varattno (\d+) ', 'g') as v (found)) as columns
from (
    select array_agg(p.oid) as policies, array_agg(p.polrelid) as tables,
           concat(p.polqual::text, ' ', p.polwithcheck::text) as stored
    from pg_catalog.pg_policy p
    group by p.polqual::text, p.polwithcheck::text
) s
