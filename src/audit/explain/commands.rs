//! What filters each command on a table: which policies, the predicate they make, what the proof says.

use super::super::engine::Engine;
use super::{Audited, Command, Counterexample, PolicyUse};
use crate::catalog::{Policy, PolicyCommand, Relation};
use crate::finding::{Operation, Verdict};
use crate::predicate::{Answer, Leak, Need, Situation};
use crate::session::quote;

/// The predicates, in the order of reading.
const NEEDS: [(Need, Operation, &str); 5] = [
    (Need::Select, Operation::Select, "rows that SELECT returns"),
    (Need::Insert, Operation::Insert, "rows that INSERT adds"),
    (
        Need::UpdateOld,
        Operation::Update,
        "rows that UPDATE may change",
    ),
    (
        Need::UpdateNew,
        Operation::Update,
        "what UPDATE may make of them",
    ),
    (
        Need::Delete,
        Operation::Delete,
        "rows that DELETE may remove",
    ),
];

/// One entry a predicate; none for what cannot have policies.
pub(super) fn explain(
    engine: &Engine<'_>,
    relation: &Relation,
    audited: Audited<'_>,
) -> Vec<Command> {
    if !relation.kind.is_table() {
        return Vec::new();
    }
    let unfiltered = engine.prover.unfiltered(relation);
    let access = engine.access(relation);
    NEEDS
        .into_iter()
        .map(|(need, operation, rows)| {
            let policies = uses(engine, relation, need, unfiltered.as_deref());
            let predicate = match &unfiltered {
                Some(_) => vec!["true: no policy is asked".to_owned()],
                None => predicate(&engine.prover.applicable(relation, need), need),
            };
            let mut command = Command {
                operation: operation.word(),
                rows,
                allowed: access.allows(operation),
                policies,
                predicate,
                verdict: None,
                reason: String::new(),
                stopped_by: None,
                counterexample: None,
            };
            judge(engine, relation, (need, operation), audited, &mut command);
            command
        })
        .collect()
}

fn judge(
    engine: &Engine<'_>,
    relation: &Relation,
    (need, operation): (Need, Operation),
    audited: Audited<'_>,
    command: &mut Command,
) {
    if !command.allowed {
        command.verdict = Some(Verdict::Proved);
        command.reason = format!(
            "no privilege: {} may not {}",
            engine.app,
            operation.word().to_uppercase()
        );
        return;
    }
    if !engine.tenancy.tables.contains_key(&relation.oid) {
        let object = relation.qualified();
        let mut rows = audited.coverage.iter();
        let row = rows.find(|row| row.object == object && row.operation == operation);
        command.verdict = row.map(|row| row.verdict);
        command.reason = row.map_or_else(
            || "it is no tenant table: there is nothing to prove".into(),
            |row| row.reason.clone(),
        );
        return;
    }
    if let Some(reason) = engine.prover.unfiltered(relation) {
        let leak = everything(relation);
        command.verdict = Some(Verdict::Leaking);
        command.reason = reason;
        command.counterexample = Some(counterexample(engine, relation, need, &leak));
        return;
    }
    match engine.prover.judge(relation, need) {
        Answer::Proved(reason) => {
            command.verdict = Some(Verdict::Proved);
            command.reason = reason;
        }
        Answer::Denied => {
            command.verdict = Some(Verdict::Proved);
            command.reason = "no permissive policy applies: nothing passes".into();
        }
        Answer::Unproven(reason) => {
            let stopped = reason.split_once(": it depends on ");
            command.stopped_by = stopped.map(|(_, part)| part.to_owned());
            command.verdict = Some(Verdict::Unproven);
            command.reason = reason;
            // Where the proof stopped a trial may have come through.
            let object = relation.qualified();
            let mut rows = audited.coverage.iter();
            let tried = rows.find(|row| {
                row.object == object
                    && row.operation == operation
                    && row.verdict == Verdict::Leaking
            });
            if let Some(tried) = tried {
                command.verdict = Some(Verdict::Leaking);
                command.reason = format!("{}; a trial showed it", tried.reason);
            }
        }
        Answer::Leaking(leak) => {
            command.verdict = Some(Verdict::Leaking);
            command.reason = leak.words();
            command.counterexample = Some(counterexample(engine, relation, need, &leak));
        }
    }
}

/// Where nothing filters, any row passes.
fn everything(relation: &Relation) -> Leak {
    Leak {
        situation: Situation::OtherTenant,
        conditions: Vec::new(),
        by_row: false,
        by_setting: false,
        policies: Vec::new(),
        literally_true: relation.row_security,
        written: Vec::new(),
    }
}

/// Every policy of the table, and why one is not asked.
fn uses(
    engine: &Engine<'_>,
    relation: &Relation,
    need: Need,
    unfiltered: Option<&str>,
) -> Vec<PolicyUse> {
    let applicable = engine.prover.applicable(relation, need);
    relation
        .policies
        .iter()
        .map(|policy| {
            let asked = applicable.iter().any(|other| other.oid == policy.oid);
            let why_not = match unfiltered {
                Some(reason) => Some(reason.to_owned()),
                None if asked => None,
                None => Some(not_asked(engine, policy, need)),
            };
            PolicyUse {
                name: quote::ident(&policy.name),
                permissive: policy.permissive,
                applies: why_not.is_none(),
                why_not,
            }
        })
        .collect()
}

fn not_asked(engine: &Engine<'_>, policy: &Policy, need: Need) -> String {
    let word = match policy.command {
        PolicyCommand::All => None,
        PolicyCommand::Select => Some((Need::Select, "SELECT")),
        PolicyCommand::Insert => Some((Need::Insert, "INSERT")),
        PolicyCommand::Update => Some((Need::UpdateOld, "UPDATE")),
        PolicyCommand::Delete => Some((Need::Delete, "DELETE")),
    };
    let same = |own: Need| own == need || (own == Need::UpdateOld && need == Need::UpdateNew);
    match word {
        Some((own, word)) if !same(own) => format!("it is FOR {word}"),
        _ => {
            let names = |role: &u32| quote::ident(engine.snapshot().role_name(*role));
            let roles: Vec<String> = policy.roles.iter().map(names).collect();
            format!(
                "it is TO {}, whose privileges {} has not",
                roles.join(", "),
                engine.app
            )
        }
    }
}

/// Permissive ones OR-ed, restrictive ones AND-ed.
fn predicate(policies: &[&Policy], need: Need) -> Vec<String> {
    let text = |policy: &Policy| {
        let new_row = matches!(need, Need::Insert | Need::UpdateNew);
        let check = policy.check.as_deref().filter(|_| new_row);
        let text = check.or(policy.using.as_deref()).unwrap_or("true");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let line = |lead: &str, policy: &&Policy| {
        format!("{lead}{}  -- {}", text(policy), quote::ident(&policy.name))
    };
    let (permissive, restrictive): (Vec<&Policy>, Vec<&Policy>) =
        policies.iter().partition(|policy| policy.permissive);
    let mut lines = match permissive.as_slice() {
        [] => return vec!["false: no permissive policy applies".to_owned()],
        [one] => vec![line("    ", one)],
        [first, rest @ ..] => {
            let mut lines = vec![line("(   ", first)];
            lines.extend(rest.iter().map(|policy| line(" OR ", policy)));
            lines.push(")".to_owned());
            lines
        }
    };
    lines.extend(restrictive.iter().map(|policy| line("AND ", policy)));
    lines
}

/// Rows and settings that make the predicate true: A is the session's organization, B another.
fn counterexample(
    engine: &Engine<'_>,
    relation: &Relation,
    need: Need,
    leak: &Leak,
) -> Counterexample {
    let context = &engine.tenancy.settings.tenancy.context;
    let own = engine.organization(0);
    let mut session = vec![match leak.situation {
        Situation::NoContext => format!("{context} was never set"),
        Situation::EmptyContext => format!("{context} = ''"),
        Situation::OtherTenant | Situation::NoKey => format!("{context} = {own}"),
    }];
    let (set, held): (Vec<&String>, Vec<&String>) = leak
        .conditions
        .iter()
        .partition(|condition| condition.starts_with("setting "));
    session.extend(
        set.into_iter()
            .map(|text| text["setting ".len()..].to_owned()),
    );
    let key = engine.tenancy.key_column(relation.oid);
    let mut row = vec![match (key, leak.situation) {
        (Some(key), Situation::NoKey) => format!("{} is NULL", quote::ident(&key.name)),
        (Some(key), _) => format!("{} = {}", quote::ident(&key.name), engine.organization(1)),
        (None, _) => format!("its parent is {}'s", engine.organization(1)),
    }];
    row.extend(held.into_iter().cloned());
    Counterexample {
        session,
        row,
        policies: leak
            .policies
            .iter()
            .map(|name| quote::ident(name))
            .collect(),
        statement: engine.shows(relation, (need, leak), true),
    }
}

impl Engine<'_> {
    /// A made-up organization's id, of the key's type.
    fn organization(&self, number: usize) -> String {
        let key = self.tenancy.key_column(self.tenancy.registry.oid);
        let ty = key.map(|key| self.snapshot().base_type(key.type_oid));
        let ty = ty.and_then(|oid| self.snapshot().types.get(&oid));
        match ty.map(|ty| ty.name.as_str()) {
            Some("uuid") => format!("'{:08x}-0000-4000-8000-000000000000'", 0xa + number),
            Some("smallint" | "integer" | "bigint" | "numeric") => format!("{}", number + 1),
            _ => ["'a'", "'b'"][number.min(1)].to_owned(),
        }
    }
}
