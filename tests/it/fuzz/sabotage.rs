//! Damage that no statement of SQL does.

use rand::{Rng, RngExt};

use super::oddities::Maker;

impl Maker<'_> {
    /// What only a superuser who edits the catalogs can do, and what disks do by themselves.
    pub(super) fn sabotage(&mut self) -> String {
        let oid = self.rng.next_u32() % 30_000;
        let picked = "(select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public' and c.relname !~ '^registry' order by md5(c.oid::text || ";
        let picked = format!("{picked}'{oid}') limit 1)");
        let function = format!(
            "(select oid from pg_proc where oid >= 16384 order by md5(oid::text || '{oid}') limit 1)"
        );
        let app = format!("'{}'", self.app.replace('\'', "''"));
        match self.rng.random_range(0..20) {
            0 => format!("delete from pg_class where oid = {picked}"),
            1 => format!("delete from pg_proc where oid = {function}"),
            2 => format!("update pg_class set relowner = {oid} where oid = {picked}"),
            3 => format!(
                "update pg_class set relacl = array[makeaclitem({oid}, {oid}, 'SELECT', true)] where oid = {picked}"
            ),
            4 => format!(
                "insert into pg_inherits (inhrelid, inhparent, inhseqno, inhdetachpending) values ({picked}, {oid}, 1, false)"
            ),
            5 => format!(
                "insert into pg_inherits (inhrelid, inhparent, inhseqno, inhdetachpending) select {picked}, {picked}, 1, false"
            ),
            6 => format!("delete from pg_rewrite where ev_class = {picked}"),
            7 => format!("delete from pg_attribute where attrelid = {picked} and attnum = 1"),
            8 => format!(
                "update pg_policy set polroles = array[{oid}]::oid[] where md5(oid::text) < '4'"
            ),
            9 => "update pg_policy set polroles = '{}' where md5(oid::text) < '2'".to_owned(),
            10 => format!(
                "update pg_attribute set atttypid = {oid} where attrelid = {picked} and attnum = 1"
            ),
            11 => format!(
                "update pg_proc set prolang = {oid}, proowner = {oid} where oid = {function}"
            ),
            12 => "delete from pg_type where typname in ('d2', 'comp')".to_owned(),
            13 => format!(
                "update pg_index set indisvalid = false, indisready = false where indrelid = {picked}"
            ),
            14 => format!("delete from pg_attrdef where adrelid = {picked}"),
            15 => format!("update pg_class set relkind = 'v' where oid = {picked}"),
            16 => format!(
                "update pg_constraint set confrelid = {oid}, conkey = '{{99}}' where conrelid = {picked}"
            ),
            17 => format!(
                "delete from pg_authid where oid >= 16384 and quote_ident(rolname) <> {app} and md5(oid::text || '{oid}') < '4'"
            ),
            18 => format!(
                "update pg_policy set polqual = null, polcmd = '?' where polrelid = {picked}"
            ),
            _ => format!(
                "update pg_rewrite set ev_type = '4', rulename = 'odd' where ev_class = {picked}"
            ),
        }
    }
}
