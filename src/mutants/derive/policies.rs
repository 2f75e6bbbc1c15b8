//! Mutants of policies.

use super::{NAME, OfTable, Target};
use crate::catalog::{Policy, PolicyCommand};
use crate::mutants::kind::{self, Kind};
use crate::mutants::mutant::Mutant;
use crate::session::quote;

pub(super) const KINDS: &[OfTable] = &[
    guard_gone,
    true_beside,
    guard_for_select,
    check_true,
    |t| command_true(t, &kind::SELECT_TRUE, PolicyCommand::Select),
    |t| command_true(t, &kind::INSERT_TRUE, PolicyCommand::Insert),
    |t| command_true(t, &kind::UPDATE_TRUE, PolicyCommand::Update),
    |t| command_true(t, &kind::DELETE_TRUE, PolicyCommand::Delete),
    open_when_unset,
    open_when_null,
    other_setting,
    inverted,
    lossy_key,
    null_or,
];

const TRUE: &str = "true";

fn on(t: &Target<'_>, policy: &Policy) -> String {
    format!("{} on {}", quote::ident(&policy.name), t.name)
}

fn restrictive<'t>(t: &'t Target<'_>) -> impl Iterator<Item = &'t Policy> {
    t.relation.policies.iter().filter(|p| !p.permissive)
}

fn permissive<'t>(t: &'t Target<'_>) -> impl Iterator<Item = &'t Policy> {
    t.relation.policies.iter().filter(|p| p.permissive)
}

fn without_guard(t: &Target<'_>) -> Vec<String> {
    restrictive(t)
        .map(|policy| format!("drop policy {}", on(t, policy)))
        .collect()
}

/// The clauses that a command's policy may have: USING, WITH CHECK.
fn clauses(command: PolicyCommand) -> (bool, bool) {
    match command {
        PolicyCommand::All | PolicyCommand::Update => (true, true),
        PolicyCommand::Select | PolicyCommand::Delete => (true, false),
        PolicyCommand::Insert => (false, true),
    }
}

fn word(command: PolicyCommand) -> &'static str {
    match command {
        PolicyCommand::All => "all",
        PolicyCommand::Select => "select",
        PolicyCommand::Insert => "insert",
        PolicyCommand::Update => "update",
        PolicyCommand::Delete => "delete",
    }
}

/// `using (…) with check (…)`, as far as the command takes them.
fn conditions(command: PolicyCommand, using: Option<&str>, check: Option<&str>) -> String {
    let (takes_using, takes_check) = clauses(command);
    let clause = |word: &str, takes: bool, text: Option<&str>| match text {
        Some(text) if takes => format!(" {word} ({text})"),
        _ => String::new(),
    };
    clause("using", takes_using, using) + &clause("with check", takes_check, check)
}

fn guard_gone(t: &Target<'_>) -> Option<Mutant> {
    let mut sql: Vec<String> = permissive(t)
        .map(|policy| {
            let conditions = conditions(policy.command, Some(TRUE), Some(TRUE));
            format!("alter policy {}{conditions}", on(t, policy))
        })
        .collect();
    if sql.is_empty() || !t.may.select {
        return None;
    }
    sql.extend(without_guard(t));
    Some(t.mutant(&kind::GUARD_GONE, sql))
}

fn true_beside(t: &Target<'_>) -> Option<Mutant> {
    let mut sql = vec![format!(
        "create policy {NAME} on {} to {} using (true)",
        t.name, t.app
    )];
    sql.extend(without_guard(t));
    t.may.select.then(|| t.mutant(&kind::TRUE_BESIDE, sql))
}

/// The guard holds for SELECT alone; what is written is up to policies that take everything.
fn guard_for_select(t: &Target<'_>) -> Option<Mutant> {
    let mut sql = vec![format!(
        "create policy {NAME} on {} to {} using (true)",
        t.name, t.app
    )];
    let mut guards = 0;
    for policy in restrictive(t) {
        sql.push(format!("drop policy {}", on(t, policy)));
        if let (PolicyCommand::All, Some(using)) = (policy.command, &policy.using) {
            guards += 1;
            sql.push(format!(
                "create policy {NAME}_{guards} on {} as restrictive for select to {} using ({using})",
                t.name,
                roles(t, policy)
            ));
        }
    }
    let writes = t.may.insert || t.may.update || t.may.delete;
    (guards > 0 && writes).then(|| t.mutant(&kind::GUARD_FOR_SELECT, sql))
}

fn roles(t: &Target<'_>, policy: &Policy) -> String {
    let name = |oid: &u32| match oid {
        0 => "public".to_owned(),
        oid => quote::ident(t.ground.tenancy.snapshot.role_name(*oid)),
    };
    policy.roles.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn check_true(t: &Target<'_>) -> Option<Mutant> {
    let sql: Vec<String> = t
        .relation
        .policies
        .iter()
        .filter(|policy| clauses(policy.command).1)
        .map(|policy| format!("alter policy {} with check (true)", on(t, policy)))
        .collect();
    let writes = t.may.insert || t.may.update;
    (!sql.is_empty() && writes).then(|| t.mutant(&kind::CHECK_TRUE, sql))
}

/// A policy for one command that takes every row, and guards for the other commands only.
fn command_true(t: &Target<'_>, kind: &'static Kind, command: PolicyCommand) -> Option<Mutant> {
    let may = match command {
        PolicyCommand::Insert => t.may.insert,
        PolicyCommand::Update => t.may.update,
        PolicyCommand::Delete => t.may.delete,
        _ => t.may.select,
    };
    let mut sql = vec![format!(
        "create policy {NAME} on {} for {} to {}{}",
        t.name,
        word(command),
        t.app,
        conditions(command, Some(TRUE), Some(TRUE))
    )];
    let covers = |policy: &&Policy| [PolicyCommand::All, command].contains(&policy.command);
    for (nth, policy) in restrictive(t).filter(covers).enumerate() {
        sql.push(format!("drop policy {}", on(t, policy)));
        if policy.command == PolicyCommand::All {
            sql.extend(others(command).map(|other| {
                let check = policy.check.as_deref().or(policy.using.as_deref());
                format!(
                    "create policy {NAME}_{nth}_{} on {} as restrictive for {} to {}{}",
                    word(other),
                    t.name,
                    word(other),
                    roles(t, policy),
                    conditions(other, policy.using.as_deref(), check)
                )
            }));
        }
    }
    may.then(|| t.mutant(kind, sql))
}

fn others(command: PolicyCommand) -> impl Iterator<Item = PolicyCommand> {
    [
        PolicyCommand::Select,
        PolicyCommand::Insert,
        PolicyCommand::Update,
        PolicyCommand::Delete,
    ]
    .into_iter()
    .filter(move |other| *other != command)
}

/// Every condition of every policy, written anew.
fn rewritten(t: &Target<'_>, kind: &'static Kind, new: &dyn Fn(&str) -> String) -> Option<Mutant> {
    let sql: Vec<String> = t
        .relation
        .policies
        .iter()
        .map(|policy| {
            let using = policy.using.as_deref().map(new);
            let check = policy.check.as_deref().map(new);
            let conditions = conditions(policy.command, using.as_deref(), check.as_deref());
            format!("alter policy {}{conditions}", on(t, policy))
        })
        .collect();
    (!sql.is_empty() && t.may.select).then(|| t.mutant(kind, sql))
}

fn open_when_unset(t: &Target<'_>) -> Option<Mutant> {
    let unset = format!("coalesce({}, '') = ''", t.context());
    rewritten(t, &kind::OPEN_WHEN_UNSET, &|old| {
        format!("case when {unset} then true else ({old}) end")
    })
}

fn open_when_null(t: &Target<'_>) -> Option<Mutant> {
    let unset = format!("{} is null", t.context());
    rewritten(t, &kind::OPEN_WHEN_NULL, &|old| {
        format!("{unset} or ({old})")
    })
}

fn other_setting(t: &Target<'_>) -> Option<Mutant> {
    let key = t.key()?;
    rewritten(t, &kind::OTHER_SETTING, &|_| {
        format!("{key}::text = current_setting('tenantctl.mutant', true)")
    })
}

fn inverted(t: &Target<'_>) -> Option<Mutant> {
    rewritten(t, &kind::INVERTED, &|old| format!("not ({old})"))
}

fn lossy_key(t: &Target<'_>) -> Option<Mutant> {
    let (key, context) = (t.key()?, t.context());
    rewritten(t, &kind::LOSSY_KEY, &|_| {
        format!("left({key}::text, 4) = left({context}, 4)")
    })
}

fn null_or(t: &Target<'_>) -> Option<Mutant> {
    let key = t.key()?;
    let number = t.table.reach.key()?;
    let primary = |index: &crate::catalog::Index| index.primary && index.columns.contains(&number);
    if t.relation.indexes.iter().any(primary) {
        // A primary key is never NULL.
        return None;
    }
    let mut mutant = rewritten(t, &kind::NULL_OR, &|old| {
        format!("{key} is null or ({old})")
    })?;
    mutant.sql.insert(
        0,
        format!("alter table {} alter column {key} drop not null", t.name),
    );
    Some(mutant)
}
