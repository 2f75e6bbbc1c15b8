//! Isolation of one table turned off, because something worse is going on.

use anyhow::Result;

use super::isolate::actions;
use super::mark::{Emergency, Mark, Place};
use super::work::Target;
use super::{Change, Kind, LockMode, Plan};
use crate::catalog::{Comments, Oid, Privilege, Relation, holds};
use crate::exit::usage;
use crate::session::quote::ident;
use crate::tenancy::Tenancy;

/// What turning isolation off comes to.
#[derive(Clone, Debug)]
pub struct Off {
    /// The one change; empty where isolation is off already.
    pub plan: Plan,
    /// The table, qualified: what has to be typed.
    pub table: String,
    /// In plain words, a line each.
    pub consequences: Vec<String>,
}

/// Turns row-level security of one tenant table off. Its policies stay, so that `apply` only has
/// to turn it on again.
///
/// # Errors
/// A usage error where `name` is no tenant table, which `apply` would not protect again.
pub fn plan(tenancy: &Tenancy<'_>, comments: &Comments, name: &str) -> Result<Off> {
    let relation = table(tenancy, name)?;
    let mut off = Off {
        plan: Plan {
            id: "emergency".to_owned(),
            ..Plan::default()
        },
        table: relation.qualified(),
        consequences: consequences(tenancy, relation),
    };
    if !relation.row_security {
        return Ok(off);
    }
    let place = Place::relation(relation);
    let (own, mark) = place.read(comments);
    let server = &tenancy.snapshot.server;
    let mark = Mark {
        emergency: Some(Emergency {
            by: tenancy.snapshot.role_name(server.session_role).to_owned(),
            since: server.today.clone(),
            forced: relation.force_row_security,
        }),
        ..mark.unwrap_or_default()
    };
    let actions = actions((relation.force_row_security, "NO FORCE"), (true, "DISABLE"));
    let target = Target::of(relation, LockMode::AccessExclusive);
    let change = Change {
        statements: vec![
            format!("ALTER TABLE {} {actions}", off.table),
            place.write(own, Some(&mark)),
        ],
        because: vec!["an emergency".to_owned()],
        ..Change::bare(Kind::Revert, target)
    };
    off.plan.changes.push(change);
    Ok(off)
}

fn table<'a>(tenancy: &Tenancy<'a>, name: &str) -> Result<&'a Relation> {
    let named = |relation: &&Relation| relation.qualified() == name || relation.verbatim() == name;
    let mut tables = tenancy.by_name().into_iter();
    let found = tables
        .find(|table| table.listed && named(&tenancy.relation(table)))
        .map(|table| tenancy.relation(table));
    found.ok_or_else(|| {
        usage(format!(
            "{name} is no tenant table in the configured schemas, so `tenantctl apply` would not \
             turn its isolation on again: nothing was changed; name the table with its schema"
        ))
    })
}

fn consequences(tenancy: &Tenancy<'_>, relation: &Relation) -> Vec<String> {
    let table = relation.qualified();
    let mut lines = vec![format!(
        "Row-level security of {table} goes off: whoever may use the table reads and writes the \
         rows of ALL organizations."
    )];
    let able = able(tenancy, relation);
    if !able.is_empty() {
        lines.push(format!(
            "These roles may use it today: {}.",
            able.join(", ")
        ));
    }
    lines.push(format!(
        "Its policies stay and are not applied. `tenantctl audit` reports {table} as critical until \
         `tenantctl apply` turns isolation on again."
    ));
    lines
}

/// Roles to which policies apply and that hold a privilege on the table's rows.
fn able(tenancy: &Tenancy<'_>, relation: &Relation) -> Vec<String> {
    const ROWS: [Privilege; 4] = [
        Privilege::Select,
        Privilege::Insert,
        Privilege::Update,
        Privilege::Delete,
    ];
    let snapshot = tenancy.snapshot;
    let may = |oid: &Oid| {
        let roles = super::acts_as(snapshot, *oid);
        roles.contains(&relation.owner)
            || ROWS
                .iter()
                .any(|privilege| holds(relation.acl.as_deref(), &roles, *privilege))
    };
    let bound = snapshot
        .roles
        .values()
        .filter(|role| role.login && !role.superuser && !role.bypass_rls);
    bound
        .filter(|role| may(&role.oid))
        .map(|role| ident(&role.name))
        .collect()
}
