//! One table: row-level security on and forced, the policy, the guard, the application's rights.

use anyhow::Result;

use super::expression::{Expression, KeyProblem};
use super::names;
use super::{Change, Kind, Lock, LockMode};
use crate::catalog::{Oid, Policy, PolicyCommand, Relation, Role};
use crate::role::grants::Grant;
use crate::session::quote::ident;
use crate::tenancy::{Tenancy, TenantTable};

/// 0 stands for PUBLIC.
const PUBLIC: Oid = 0;

/// What is missing at a table, as one transaction; `None` where nothing is.
pub(super) fn change(
    tenancy: &Tenancy<'_>,
    table: &TenantTable,
    app: &Role,
    grants: &[&Grant],
) -> Result<Option<Change>, KeyProblem> {
    let relation = tenancy.relation(table);
    let expression = Expression::of(tenancy, table)?;
    let mut work = Work::default();
    security(relation, &mut work);
    let name = tenancy.policy_name(&relation.name);
    let guard = names::fitted(&name, "_guard");
    let wanted = Wanted {
        name,
        permissive: true,
        role: (app.oid, ident(&app.name)),
    };
    policy(tenancy, relation, &wanted, &expression, &mut work);
    if tenancy.settings.policy.guard {
        let wanted = Wanted {
            name: guard,
            permissive: false,
            role: (PUBLIC, "PUBLIC".to_owned()),
        };
        policy(tenancy, relation, &wanted, &expression, &mut work);
    }
    let isolates = !work.statements.is_empty();
    if isolates {
        work.because.extend(expression.remark);
    }
    // Privileges come last in the same transaction: never open before it is isolated.
    for grant in grants {
        work.push(grant.statement.clone(), grant.because.clone());
    }
    if work.statements.is_empty() {
        return Ok(None);
    }
    let object = relation.qualified();
    let (kind, mode) = if isolates {
        (Kind::Isolate, LockMode::AccessExclusive)
    } else {
        (Kind::Grant, LockMode::AccessShare)
    };
    Ok(Some(Change {
        id: format!("{}:{object}", kind.word()),
        relation: relation.oid,
        kind,
        statements: work.statements,
        lock: Lock {
            mode,
            on: object.clone(),
        },
        object,
        owner: relation.owner,
        because: work.because,
        builds: None,
        after: Vec::new(),
    }))
}

#[derive(Default)]
struct Work {
    statements: Vec<String>,
    because: Vec<String>,
}

impl Work {
    fn push(&mut self, statement: String, because: impl Into<String>) {
        self.statements.push(statement);
        self.because.push(because.into());
    }
}

fn security(relation: &Relation, work: &mut Work) {
    let (action, because) = match (relation.row_security, relation.force_row_security) {
        (true, true) => return,
        (false, true) => ("ENABLE ROW LEVEL SECURITY", "row-level security is off"),
        (true, false) => (
            "FORCE ROW LEVEL SECURITY",
            "row-level security does not bind the table's owner",
        ),
        (false, false) => (
            "ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
            "row-level security is off",
        ),
    };
    work.push(
        format!("ALTER TABLE {} {action}", relation.qualified()),
        because,
    );
}

/// A policy as it should be.
struct Wanted {
    name: String,
    permissive: bool,
    role: (Oid, String),
}

fn policy(
    tenancy: &Tenancy<'_>,
    relation: &Relation,
    wanted: &Wanted,
    expression: &Expression,
    work: &mut Work,
) {
    let name = ident(&wanted.name);
    let table = relation.qualified();
    let what = if wanted.permissive { "policy" } else { "guard" };
    let body = format!(
        "TO {}\n  USING ({})\n  WITH CHECK ({})",
        wanted.role.1, expression.using, expression.check
    );
    let create = format!(
        "CREATE POLICY {name} ON {table}{} {body}",
        if wanted.permissive {
            ""
        } else {
            " AS RESTRICTIVE"
        }
    );
    let found = relation
        .policies
        .iter()
        .find(|policy| policy.name == wanted.name);
    let Some(found) = found else {
        let because = if wanted.permissive {
            format!("{} has no policy {name}", wanted.role.1)
        } else {
            "no guard keeps other policies from widening access".to_owned()
        };
        work.push(create, because);
        return;
    };
    let same_shape = found.permissive == wanted.permissive && found.command == PolicyCommand::All;
    let differs = difference(tenancy, found, wanted, expression);
    if same_shape && differs.is_empty() {
        return;
    }
    if same_shape {
        work.push(
            format!("ALTER POLICY {name} ON {table} {body}"),
            format!("{what} {name} has {}", differs.join(" and ")),
        );
    } else {
        work.push(
            format!("DROP POLICY {name} ON {table}"),
            format!(
                "{what} {name} is not a {} policy for all commands",
                if wanted.permissive {
                    "permissive"
                } else {
                    "restrictive"
                }
            ),
        );
        work.push(create, "it is replaced in the same transaction");
    }
}

/// What is other than it should be.
fn difference(
    tenancy: &Tenancy<'_>,
    found: &Policy,
    wanted: &Wanted,
    expression: &Expression,
) -> Vec<String> {
    let mut differs = Vec::new();
    if found.roles != [wanted.role.0] {
        let roles: Vec<String> = found
            .roles
            .iter()
            .map(|role| match *role {
                PUBLIC => "PUBLIC".to_owned(),
                role => ident(tenancy.snapshot.role_name(role)),
            })
            .collect();
        differs.push(format!("other roles ({})", roles.join(", ")));
    }
    if !expression.is(found.using.as_deref(), found.check.as_deref()) {
        let text = |expression: &Option<String>| match expression {
            Some(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
            None => "none".to_owned(),
        };
        let check = match &found.check {
            check if check.is_none() || *check == found.using => String::new(),
            check => format!(" WITH CHECK {}", text(check)),
        };
        differs.push(format!("another text: USING {}{check}", text(&found.using)));
    }
    differs
}
