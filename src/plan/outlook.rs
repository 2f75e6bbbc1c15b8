//! The database as it will be once every tenant table is isolated.
//!
//! What else has to change is decided on that, and not on what is found: so a run that was killed
//! between a table and a view wants the same of the view as one that was not.

use anyhow::Result;

use super::expression::Expression;
use super::mark::Place;
use super::work::Desk;
use crate::audit::{self, Selection};
use crate::catalog::{Oid, Policy, PolicyCommand, Relation, Snapshot};
use crate::finding::Finding;
use crate::tenancy::Tenancy;

/// 0 stands for PUBLIC.
const PUBLIC: Oid = 0;

/// The catalogs as `apply` will leave the tables of them.
pub(super) fn isolated(desk: Desk<'_, '_>) -> Snapshot {
    let mut snapshot = desk.tenancy.snapshot.clone();
    let app = desk.tenancy.app.map_or(PUBLIC, |app| app.oid);
    for table in desk.tenancy.tables.values().filter(|table| table.listed) {
        let Ok(expression) = Expression::of(desk.tenancy, table) else {
            continue;
        };
        let Some(relation) = snapshot.relations.get_mut(&table.oid) else {
            continue;
        };
        relation.row_security = true;
        relation.force_row_security = true;
        let kept = kept(desk, relation);
        relation
            .policies
            .retain(|policy| kept.contains(&policy.oid));
        let name = desk.tenancy.policy_name(&relation.name);
        relation.policies.push(ours(&name, true, app, &expression));
        if desk.tenancy.settings.policy.guard {
            let guard = ours(&format!("{name}_guard"), false, PUBLIC, &expression);
            relation.policies.push(guard);
        }
    }
    snapshot
}

/// Policies of the team's own that stay.
fn kept(desk: Desk<'_, '_>, relation: &Relation) -> Vec<Oid> {
    let theirs = |policy: &&Policy| {
        let (_, mark) = Place::policy(relation, policy).read(desk.comments);
        !desk.choice.replace && !mark.is_some_and(|mark| mark.made)
    };
    let policies = relation.policies.iter();
    policies.filter(theirs).map(|policy| policy.oid).collect()
}

fn ours(name: &str, permissive: bool, role: Oid, expression: &Expression) -> Policy {
    Policy {
        oid: 0,
        name: name.to_owned(),
        command: PolicyCommand::All,
        permissive,
        roles: vec![role],
        using: Some(expression.printed_using.clone()),
        check: Some(expression.printed_check.clone()),
    }
}

/// What the audit's engines find in such catalogs, of these checks.
pub(super) fn findings(
    desk: Desk<'_, '_>,
    snapshot: &Snapshot,
    only: &[&str],
) -> Result<Vec<Finding>> {
    let tenancy = Tenancy::resolve(snapshot, desk.tenancy.settings)?;
    let selection = Selection {
        only: only.iter().map(|id| (*id).to_owned()).collect(),
        skip: Vec::new(),
    };
    Ok(audit::judge(&tenancy, &[], &selection)?.0)
}
