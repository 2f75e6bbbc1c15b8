-- title: The server has a known flaw in row-level security
-- class: none
-- severity: low
-- why: Some past flaws of PostgreSQL let a role see rows that a policy hides, or rise to one that no policy binds. Each
--   was mended by a minor release of its branch, which needs a restart and no migration. Low, and not a reason to stop
--   a build: each takes a further condition, and the schema under audit is not what is wrong.
-- mend: install the newest minor release of the branch and restart. The flaws are listed in cves.toml beside this
--   file, with the first minor release without each.
-- source: https://www.postgresql.org/support/security/
-- engine: server
select 'server_version' as object,
       format('this server is PostgreSQL %s; look up its branch in cves.toml', current_setting('server_version')) as detail,
       null::text as fix
order by 1;
