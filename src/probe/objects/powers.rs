//! What no policy looks at: ownership, TRIGGER, REFERENCES. Judged from the privileges.
//!
//! Dropping a policy, disabling row-level security and attaching a trigger lock the table against everybody, so
//! that none of it is done on a live one. `ddl-rowsecurity`, `ddl-priv`. TRUNCATE is told with the table's rows.

use anyhow::Result;
use tokio_postgres::types::Type;

use super::super::channel::Channel;
use super::shown::Shown;
use super::{Collected, Stage};
use crate::catalog::Oid;
use crate::finding::{Class, Severity};
use crate::session::error::explain;
use crate::session::quote;

/// See [`Channel`].
pub(super) const OWNER: Channel = Channel {
    id: "probe-owner",
    title: "the application may take the policies away",
    tries: "nothing is executed: ALTER TABLE takes an ACCESS EXCLUSIVE lock. Judged from who owns the table, and who may become the owner",
    why: "an owner drops policies and disables row-level security with one statement, FORCE or not; so does every role that inherits from it or may SET ROLE to it",
    class: Class::Role,
    severity: Severity::Critical,
};

/// See [`Channel`].
pub(super) const TRIGGER: Channel = Channel {
    id: "probe-trigger",
    title: "the application may attach triggers to a tenant table",
    tries: "nothing is executed. Judged from the privilege",
    why: "a trigger runs with the rights and the context of whoever writes next, another organization's session or an administrator's",
    class: Class::Privilege,
    severity: Severity::High,
};

/// See [`Channel`].
pub(super) const REFERENCES: Channel = Channel {
    id: "probe-references",
    title: "the application may point a foreign key at a tenant table",
    tries: "nothing is executed. Judged from the privilege, and from whether the application may create a table",
    why: "the check of a foreign key runs as the owner of the table that it refers to and passes the policies: it tells which values exist",
    class: Class::Privilege,
    severity: Severity::Medium,
};

/// What the application may do with one table.
struct Power {
    oid: Oid,
    owns: bool,
    /// Whether it is one SET ROLE away from the owner.
    becomes: bool,
    trigger: bool,
    references: bool,
    /// Whether it can make a table of its own that refers to this one.
    creates: bool,
}

/// Looks at every tenant table.
pub(super) async fn judge(stage: &Stage<'_, '_>, collected: &mut Collected) -> Result<()> {
    let role = stage.world.app_role();
    let tenancy = stage.world.tenancy;
    let tables: Vec<Oid> = tenancy.tables.keys().copied().collect();
    let sql = include_str!("../../../sql/probe/powers.sql");
    let rows = stage
        .eye
        .read(sql, &[(&role, Type::NAME), (&tables, Type::OID_ARRAY)])
        .await?;
    let read = |row: &tokio_postgres::Row| -> Result<Power, tokio_postgres::Error> {
        Ok(Power {
            oid: row.try_get(0)?,
            owns: row.try_get(1)?,
            becomes: row.try_get(2)?,
            trigger: row.try_get(3)?,
            references: row.try_get(4)?,
            creates: row.try_get(5)?,
        })
    };
    let powers: Result<Vec<Power>> = rows.iter().map(|row| read(row).map_err(explain)).collect();
    let mut powers = powers?;
    let name = |power: &Power| tenancy.snapshot.relations[&power.oid].qualified();
    powers.sort_by_cached_key(name);
    let owned: Vec<String> = powers
        .iter()
        .filter(|power| power.owns || power.becomes)
        .map(name)
        .collect();
    if let Some(first) = owned.first() {
        let shown = owner(role, first, owned.len());
        collected.ledger.leak(None, shown.finding(stage.world));
    }
    for power in powers.iter().filter(|power| !power.owns) {
        let table = name(power);
        if power.trigger {
            collected
                .ledger
                .leak(None, trigger(role, &table).finding(stage.world));
        }
        if power.references {
            let shown = references(role, &table, power.creates);
            collected.ledger.leak(None, shown.finding(stage.world));
        }
    }
    Ok(())
}

fn owner(role: &str, first: &str, count: usize) -> Shown {
    let more = match count {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    Shown {
        channel: &OWNER,
        severity: Severity::Critical,
        object: role.to_owned(),
        message: format!(
            "{role} has the rights of the owner of {first}{more}, or may SET ROLE to it: it may drop the policies and disable row-level \
             security, FORCE or not (judged from the ownership, not executed)"
        ),
        path: vec![format!("owner of {first}"), "ALTER TABLE … DISABLE ROW LEVEL SECURITY".to_owned()],
        evidence: Some(format!(
            "select relowner::regrole, pg_has_role({}, relowner, 'usage') from pg_class where oid = {}::regclass;",
            quote::literal(role),
            quote::literal(first)
        )),
        fix: Some(
            "-- let a role that the application cannot become own the tables (ALTER TABLE … OWNER TO …)".to_owned(),
        ),
    }
}

fn trigger(role: &str, table: &str) -> Shown {
    Shown {
        channel: &TRIGGER,
        severity: Severity::High,
        object: table.to_owned(),
        message: format!(
            "{role} may attach triggers to {table}, which run with the rights and the context of whoever writes \
             to it next (judged from the privilege, not executed)"
        ),
        path: vec![
            format!("TRIGGER on {table}"),
            "a trigger function of its own".to_owned(),
        ],
        evidence: Some(format!(
            "select has_table_privilege({}, {}, 'trigger');",
            quote::literal(role),
            quote::literal(table)
        )),
        fix: Some(format!(
            "REVOKE TRIGGER ON {table} FROM {};",
            quote::ident(role)
        )),
    }
}

fn references(role: &str, table: &str, creates: bool) -> Shown {
    let (severity, but) = match creates {
        true => (Severity::Medium, ""),
        false => (Severity::Low, ", which it cannot create at present"),
    };
    Shown {
        channel: &REFERENCES,
        severity,
        object: table.to_owned(),
        message: format!(
            "{role} may point a foreign key of a table of its own at {table}{but}: its check runs as the owner of \
             {table} and tells which values other organizations have (judged from the privilege, not executed)"
        ),
        path: vec![
            format!("REFERENCES on {table}"),
            "a foreign key of a table of its own".to_owned(),
        ],
        evidence: Some(format!(
            "select has_any_column_privilege({}, {}, 'references');",
            quote::literal(role),
            quote::literal(table)
        )),
        fix: Some(format!(
            "REVOKE REFERENCES ON {table} FROM {};",
            quote::ident(role)
        )),
    }
}
