//! One table: row-level security on and forced, the policy, the guard, the application's rights.

use super::expression::Expression;
use super::mark::Place;
use super::policies;
use super::rights::OfTable;
use super::work::{Desk, Target, Work};
use super::{Change, Kind, LockMode};
use crate::catalog::{Relation, Role};
use crate::tenancy::TenantTable;

/// What is missing at a table, as one transaction; `None` where nothing is.
///
/// # Errors
/// Why the table is left alone.
pub(super) fn change(
    desk: Desk<'_, '_>,
    table: &TenantTable,
    app: &Role,
    rights: &OfTable<'_>,
) -> Result<Option<Change>, String> {
    let relation = desk.tenancy.relation(table);
    let expression = Expression::of(desk.tenancy, table).map_err(|problem| problem.to_string())?;
    let mut work = Work::default();
    security(desk, relation, &mut work);
    policies::all(desk, (relation, app), &expression, &mut work);
    let isolates = !work.is_empty();
    if isolates {
        work.because.extend(expression.remark);
    }
    // Privileges come last in the same transaction: never open before it is isolated.
    for grant in &rights.grants {
        work.grant(desk, grant);
    }
    for revoke in &rights.revokes {
        work.revoke(desk, revoke);
    }
    if work.is_empty() {
        return Ok(None);
    }
    let (kind, mode) = if isolates {
        (Kind::Isolate, LockMode::AccessExclusive)
    } else if rights.grants.is_empty() {
        (Kind::Revoke, LockMode::ShareUpdateExclusive)
    } else {
        (Kind::Grant, LockMode::ShareUpdateExclusive)
    };
    let target = Target::of(relation, mode);
    Ok(Some(work.transaction(kind, target, desk.id)))
}

fn security(desk: Desk<'_, '_>, relation: &Relation, work: &mut Work) {
    let (enable, force) = (!relation.row_security, !relation.force_row_security);
    let place = Place::relation(relation);
    if enable || force {
        let because = if enable {
            work.closes("rls-not-enabled");
            "row-level security is off"
        } else {
            "row-level security does not bind the table's owner"
        };
        if force {
            work.closes("rls-not-forced");
        }
        let table = relation.qualified();
        work.push(
            format!(
                "ALTER TABLE {table} {}",
                actions((enable, "ENABLE"), (force, "FORCE"))
            ),
            format!(
                "ALTER TABLE {table} {}",
                actions((force, "NO FORCE"), (enable, "DISABLE"))
            ),
            because,
        );
    }
    work.stamp(desk, &place, |mark| {
        mark.enabled |= enable && mark.emergency.is_none();
        mark.forced |= force && mark.emergency.is_none();
        mark.emergency = None;
    });
}

/// `ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`, or one of them.
pub(super) fn actions(first: (bool, &str), second: (bool, &str)) -> String {
    let wanted = [first, second].into_iter().filter(|(wanted, _)| *wanted);
    let actions: Vec<String> = wanted
        .map(|(_, word)| format!("{word} ROW LEVEL SECURITY"))
        .collect();
    actions.join(", ")
}
