//! Views, materialized views, foreign tables and rules: other ways to the same rows.

use std::collections::BTreeSet;

use super::engine::{Engine, Found};
use super::functions::with_inner;
use crate::catalog::{Oid, Relation, RelationKind, Rule};
use crate::finding::{Operation, Severity, Verdict};
use crate::paths::routes;
use crate::predicate::{Answer, Need};
use crate::query::{Arm, Row, Use};
use crate::routine::Walker;
use crate::session::quote;

pub(super) fn audit(engine: &mut Engine<'_>) {
    let walker = Walker::new(engine.tenancy);
    let mut relations: Vec<&Relation> = engine
        .snapshot()
        .relations
        .values()
        .filter(|relation| !relation.of_extension)
        .collect();
    relations.sort_by_key(|relation| (relation.schema_name.clone(), relation.name.clone()));
    for relation in relations {
        if engine.access(relation).is_none() {
            continue;
        }
        match relation.kind {
            RelationKind::View => {
                view(engine, &walker, relation);
                rules(engine, &walker, relation);
            }
            RelationKind::MaterializedView => materialized_view(engine, relation),
            RelationKind::ForeignTable => foreign_table(engine, relation),
            RelationKind::Table | RelationKind::Partitioned => rules(engine, &walker, relation),
            RelationKind::Sequence => {}
        }
    }
}

/// The verdict on one row that a view reads.
enum Passage {
    Closed(String),
    /// Filtered by the view alone, without a barrier.
    NoBarrier(String),
    Open(String),
    Unknown(String),
}

/// What a view shows, one row of one way through it after the other.
struct Shown {
    row: Row,
    passage: Passage,
}

fn view(engine: &mut Engine<'_>, walker: &Walker<'_>, view: &Relation) {
    let object = view.qualified();
    let access = engine.access(view);
    let frame = walker.frame(engine.powers.role);
    let shown = match walker.reader.view(view, &frame, walker) {
        Ok(arms) => passages(engine, walker, &arms),
        Err(reason) => not_followed(engine, view, &reason),
    };
    super::written::audit(engine, walker, view);
    let (mut closed, mut unknown, mut leak) = (None, None, None);
    let (mut open, mut unbarred) = (false, false);
    for Shown { row, passage } in shown {
        match passage {
            Passage::Closed(reason) => closed = closed.or(Some(reason)),
            Passage::Unknown(reason) => unknown = unknown.or(Some(reason)),
            Passage::Open(why) => {
                // Said once a view, whichever table it is.
                if !std::mem::replace(&mut open, true) {
                    open_view(engine, (view, &object), &row, &why);
                }
                leak = leak.or(Some(("view-bypasses-rls", why)));
            }
            Passage::NoBarrier(why) => {
                if !std::mem::replace(&mut unbarred, true) {
                    no_barrier(engine, view, &object, &why);
                }
                leak = leak.or(Some(("view-without-barrier", why)));
            }
        }
    }
    for operation in access.operations {
        match (&leak, &unknown, &closed) {
            (Some((check, why)), _, _) => {
                engine.cover_leak(&object, operation, why.clone(), (check, &object));
            }
            (None, Some(reason), _) => {
                engine.cover(&object, operation, Verdict::Unproven, reason.clone());
            }
            (None, None, Some(reason)) => {
                engine.cover(&object, operation, Verdict::Proved, reason.clone());
            }
            // It reads no tenant table.
            (None, None, None) => {}
        }
    }
}

/// The verdicts on every tenant's row in the arms of a query that the application runs.
fn passages(engine: &Engine<'_>, walker: &Walker<'_>, arms: &[Arm]) -> Vec<Shown> {
    let mut found = Vec::new();
    for arm in arms.iter().flat_map(with_inner) {
        for (at, row) in arm.rows.iter().enumerate() {
            if let Some(passage) = passage(engine, walker, &arm, at) {
                found.push(Shown {
                    row: row.clone(),
                    passage,
                });
            }
        }
    }
    found
}

/// `None` where the row is of no tenant.
fn passage(engine: &Engine<'_>, walker: &Walker<'_>, arm: &Arm, at: usize) -> Option<Passage> {
    let snapshot = engine.snapshot();
    let row = arm.rows.get(at)?;
    let target = snapshot.relations.get(&row.relation)?;
    if !engine.tenancy.tables.contains_key(&row.relation) {
        return None;
    }
    let stored = stored_by(engine, row);
    let prover = engine.prover_for(row.as_role);
    let unfiltered = match stored {
        Some(view) => Some(format!("{} stores what its owner saw", view.qualified())),
        None => prover.unfiltered(target),
    };
    let who = quote::ident(snapshot.role_name(row.as_role));
    let Some(unfiltered) = unfiltered else {
        if row.as_role == engine.powers.role {
            return Some(Passage::Closed(format!(
                "it reads {} as the caller, whom its policies bind",
                target.qualified()
            )));
        }
        return Some(match prover.judge(target, Need::Select) {
            Answer::Proved(_) | Answer::Denied => Passage::Closed(format!(
                "it reads {} as {who}, whom the policies there bind, with the session's context",
                target.qualified()
            )),
            Answer::Leaking(leak) => Passage::Open(leak.words()),
            Answer::Unproven(reason) => Passage::Unknown(reason),
        });
    };
    let provers = |role| engine.prover_for(role);
    Some(match engine.prover.judge_row(arm, at, &provers) {
        Answer::Proved(_) | Answer::Denied if behind_barrier(engine, walker, row) => {
            Passage::Closed(
                "its own WHERE pins the tenant, and security_barrier keeps the caller's functions behind it".into(),
            )
        }
        Answer::Proved(_) | Answer::Denied => Passage::NoBarrier(unfiltered),
        Answer::Leaking(leak) if leak.conditions.is_empty() => Passage::Open(unfiltered),
        Answer::Leaking(leak) => Passage::Open(format!("{unfiltered}; {}", leak.words())),
        // Not followed, but nothing on the way can tell one session from another.
        Answer::Unproven(_)
            if prover.is_unbound() && row.through.iter().all(|oid| same_for_all(engine, *oid)) =>
        {
            Passage::Open(unfiltered)
        }
        Answer::Unproven(reason) => Passage::Unknown(format!("{unfiltered}; {reason}")),
    })
}

/// The materialized view that a row was stored in, if any.
fn stored_by<'a>(engine: &Engine<'a>, row: &Row) -> Option<&'a Relation> {
    row.through
        .iter()
        .filter_map(|oid| engine.snapshot().relations.get(oid))
        .find(|view| view.kind == RelationKind::MaterializedView)
}

/// Whether some security barrier on the way has all that pins the row inside it: what a caller asks
/// from outside is then evaluated after it. `rules-privileges`.
fn behind_barrier(engine: &Engine<'_>, walker: &Walker<'_>, row: &Row) -> bool {
    let provers = |role| engine.prover_for(role);
    row.through
        .iter()
        .filter_map(|oid| engine.snapshot().relations.get(oid))
        .filter(|view| view.security_barrier)
        .any(|view| {
            let frame = walker.frame(engine.powers.role);
            let Ok(arms) = walker.reader.view(view, &frame, walker) else {
                return false;
            };
            arms.iter().flat_map(with_inner).all(|arm| {
                arm.rows.iter().enumerate().all(|(at, inner)| {
                    inner.relation != row.relation
                        || matches!(
                            engine.prover.judge_row(&arm, at, &provers),
                            Answer::Proved(_) | Answer::Denied
                        )
                })
            })
        })
}

/// A view whose query is not followed: open where nothing it does can tell sessions apart.
fn not_followed(engine: &Engine<'_>, view: &Relation, reason: &str) -> Vec<Shown> {
    let snapshot = engine.snapshot();
    let mut found = Vec::new();
    for route in routes(snapshot, view, engine.powers.role, |_| 0) {
        let tenant = engine.tenancy.tables.contains_key(&route.target);
        let Some(target) = snapshot.relations.get(&route.target).filter(|_| tenant) else {
            continue;
        };
        let prover = engine.prover_for(route.as_role);
        let passage = match prover.unfiltered(target) {
            Some(why)
                if prover.is_unbound()
                    && route.through.iter().all(|oid| same_for_all(engine, *oid)) =>
            {
                Passage::Open(why)
            }
            Some(why) => Passage::Unknown(format!("{why}; {reason}")),
            None => Passage::Closed("whoever reads it, policies bind".into()),
        };
        found.push(Shown {
            row: Row {
                relation: route.target,
                alias: target.name.clone(),
                as_role: route.as_role,
                through: route.through,
                switched: false,
            },
            passage,
        });
    }
    found
}

/// Whether a view's query shows every session the same: it reads no setting, asks for no user and
/// calls no function of this database's own.
fn same_for_all(engine: &Engine<'_>, view: Oid) -> bool {
    let snapshot = engine.snapshot();
    let Some(text) = snapshot
        .relations
        .get(&view)
        .and_then(|view| view.definition.as_deref())
    else {
        return false;
    };
    let text = text.to_lowercase();
    let session = [
        "current_setting",
        "current_user",
        "session_user",
        "current_role",
        "pg_backend_pid",
    ];
    !session.iter().any(|word| text.contains(word))
        && !snapshot
            .functions
            .values()
            .any(|function| text.contains(&format!("{}(", function.name.to_lowercase())))
}

fn open_view(engine: &mut Engine<'_>, (view, object): (&Relation, &str), row: &Row, why: &str) {
    let Some(target) = engine.snapshot().relations.get(&row.relation) else {
        return;
    };
    let snapshot = engine.snapshot();
    let reader = row
        .through
        .last()
        .and_then(|oid| snapshot.relations.get(oid))
        .unwrap_or(view);
    let owner = quote::ident(snapshot.role_name(reader.owner));
    let mut path = vec![engine.app.clone(), format!("SELECT on {object}")];
    for oid in row.through.iter().skip(1) {
        if let Some(inner) = snapshot.relations.get(oid) {
            path.push(inner.qualified());
        }
    }
    path.push(format!("as its owner {owner}"));
    path.push(target.qualified());
    let key = engine
        .tenancy
        .key_column(target.oid)
        .map(|key| key.name.clone());
    let shown = key.filter(|key| view.column(key).is_some());
    let fix = Some(mend(engine, view, reader));
    engine.report(Found {
        check: "view-bypasses-rls",
        severity: Severity::Critical,
        object: object.to_owned(),
        message: format!(
            "view {object} reads {} as {owner}, and {why}: every organization's rows can be read",
            target.qualified()
        ),
        path,
        evidence: engine.evidence(object, shown.as_deref()),
        fix,
    });
}

/// What closes the view; before version 15 no view could read with the rights of its caller.
fn mend(engine: &Engine<'_>, view: &Relation, reader: &Relation) -> String {
    let (snapshot, reader) = (engine.snapshot(), reader.qualified());
    if snapshot.server.major() >= 15 {
        return format!("ALTER VIEW {reader} SET (security_invoker = true);");
    }
    let items = view.acl.as_deref().unwrap_or_default().iter();
    let holders: BTreeSet<String> = items
        .filter(|item| item.grantee == 0 || engine.powers.held.contains(&item.grantee))
        .map(|item| match item.grantee {
            0 => "PUBLIC".to_owned(),
            role => quote::ident(snapshot.role_name(role)),
        })
        .collect();
    if holders.is_empty() {
        return format!("ALTER VIEW {reader} OWNER TO <a role that the policies bind>;");
    }
    let holders: Vec<String> = holders.into_iter().collect();
    format!(
        "REVOKE ALL ON {} FROM {};  -- or give {reader} an owner that the policies bind",
        view.qualified(),
        holders.join(", ")
    )
}

fn no_barrier(engine: &mut Engine<'_>, view: &Relation, object: &str, why: &str) {
    let app = engine.app.clone();
    engine.report(Found {
        check: "view-without-barrier",
        severity: Severity::Critical,
        object: object.to_owned(),
        message: format!(
            "view {object} is filtered by nothing but its own WHERE ({why}), and without security_barrier a cheap function of the caller's, a temporary one for instance, is evaluated before it and sees every row"
        ),
        path: vec![
            app,
            format!("SELECT on {object}"),
            "a function of its own in WHERE, evaluated first".into(),
        ],
        evidence: Some(format!(
            "CREATE FUNCTION pg_temp.peek(r anyelement) RETURNS bool LANGUAGE plpgsql COST 0.0000001 AS $$BEGIN RAISE NOTICE '%', r; RETURN true; END$$; SELECT count(*) FROM {object} v WHERE pg_temp.peek(v.{});",
            view.columns.first().map_or_else(|| "ctid".into(), |column| quote::ident(&column.name))
        )),
        fix: Some(format!("ALTER VIEW {object} SET (security_barrier = true);")),
    });
}

/// Whether a relation's query reads tenant tables, at any depth.
fn reads_tenants(engine: &Engine<'_>, relation: &Relation) -> bool {
    routes(engine.snapshot(), relation, relation.owner, |_| 0)
        .iter()
        .any(|route| engine.tenancy.tables.contains_key(&route.target))
}

fn materialized_view(engine: &mut Engine<'_>, view: &Relation) {
    if !reads_tenants(engine, view) || !engine.access(view).allows(Operation::Select) {
        return;
    }
    let object = view.qualified();
    let owner = quote::ident(engine.snapshot().role_name(view.owner));
    let app = engine.app.clone();
    engine.report(Found {
        check: "materialized-view-readable",
        severity: Severity::Critical,
        object: object.clone(),
        message: format!(
            "materialized view {object} stores what its owner {owner} saw of every organization, cannot have policies, and {app} may read it"
        ),
        path: vec![app.clone(), format!("SELECT on {object}"), format!("rows stored as {owner}")],
        evidence: engine.evidence(&object, None),
        fix: Some(format!("REVOKE SELECT ON {object} FROM {app}, PUBLIC;")),
    });
    engine.cover_leak(
        &object,
        Operation::Select,
        "a materialized view cannot have policies",
        ("materialized-view-readable", &object),
    );
}

fn foreign_table(engine: &mut Engine<'_>, table: &Relation) {
    let object = table.qualified();
    if engine.tenancy.shared.contains(&table.oid) {
        return;
    }
    let app = engine.app.clone();
    let keyed = engine
        .tenancy
        .by_name()
        .into_iter()
        .filter_map(|known| engine.tenancy.key_column(known.oid))
        .find_map(|key| table.column(&key.name))
        .filter(|column| column.name != "id");
    let (severity, why) = match keyed {
        Some(_) => (
            Severity::Critical,
            "carries the tenant key and cannot have policies",
        ),
        None => (
            Severity::Medium,
            "cannot have policies, and whose rows it shows is not in this catalog",
        ),
    };
    let evidence = engine.evidence(&object, keyed.map(|column| column.name.as_str()));
    engine.report(Found {
        check: "foreign-table-readable",
        severity,
        object: object.clone(),
        message: format!("foreign table {object} {why}; what the remote login sees, {app} sees"),
        path: vec![
            app.clone(),
            format!("SELECT on {object}"),
            "the remote server, as the user mapping's role".into(),
        ],
        evidence,
        fix: Some(format!("REVOKE ALL ON {object} FROM {app}, PUBLIC;")),
    });
    for operation in engine.access(table).operations {
        engine.cover_leak(&object, operation, why, ("foreign-table-readable", &object));
    }
}

/// Rules other than a view's own act with the rights of the relation's owner. `rules-privileges`.
fn rules(engine: &mut Engine<'_>, walker: &Walker<'_>, relation: &Relation) {
    for rule in relation.rules.iter().filter(|rule| rule.event != '1') {
        let operation = match rule.event {
            '2' => Operation::Update,
            '3' => Operation::Insert,
            _ => Operation::Delete,
        };
        if !engine.access(relation).allows(operation) {
            continue;
        }
        let account = walker.ruled(relation, rule, engine.powers.role);
        match account {
            Some(account) if account.unknown.is_empty() => {
                for change in &account.changes {
                    rule_changes(engine, relation, (&rule.name, operation), change);
                }
            }
            _ => rule_unread(engine, relation, (rule, operation)),
        }
    }
}

/// What a rule's action may do to a row that is not the caller's.
fn rule_changes(
    engine: &mut Engine<'_>,
    relation: &Relation,
    rule: (&str, Operation),
    change: &Use,
) {
    let object = relation.qualified();
    for at in &change.rows {
        let Some(row) = change.arm.rows.get(*at) else {
            continue;
        };
        let target = engine.snapshot().relations.get(&row.relation);
        let tenant = engine.tenancy.tables.contains_key(&row.relation);
        let Some(target) = target.filter(|_| tenant && row.as_role != engine.powers.role) else {
            continue;
        };
        let provers = |role| engine.prover_for(role);
        let answer = engine.prover.judge_row(&change.arm, *at, &provers);
        match answer {
            Answer::Proved(_) | Answer::Denied => engine.cover(
                &object,
                rule.1,
                Verdict::Proved,
                "what its rule does is pinned to the context",
            ),
            Answer::Unproven(reason) => engine.cover(&object, rule.1, Verdict::Unproven, reason),
            Answer::Leaking(leak) => {
                let why = match engine.prover_for(row.as_role).unfiltered(target) {
                    Some(why) => format!("{why}; {}", leak.words()),
                    None => leak.words(),
                };
                rule_open(engine, relation, rule, target, &why);
            }
        }
    }
}

/// A rule that is not followed: any tenant table that it refers to may be changed past its policies.
fn rule_unread(
    engine: &mut Engine<'_>,
    relation: &Relation,
    (rule, operation): (&Rule, Operation),
) {
    let prover = engine.prover_for(relation.owner);
    let reached = rule
        .refers_to
        .iter()
        .filter(|oid| engine.tenancy.tables.contains_key(oid))
        .filter_map(|oid| engine.snapshot().relations.get(oid))
        .find_map(|target| prover.unfiltered(target));
    if let Some(why) = reached {
        let reason = format!(
            "what rule {} does is not followed; {why}",
            quote::ident(&rule.name)
        );
        engine.cover(&relation.qualified(), operation, Verdict::Unproven, reason);
    }
}

fn rule_open(
    engine: &mut Engine<'_>,
    relation: &Relation,
    (rule, operation): (&str, Operation),
    target: &Relation,
    why: &str,
) {
    let object = relation.qualified();
    if engine
        .found
        .iter()
        .any(|found| found.check == "rule-runs-as-owner" && found.object == object)
    {
        return;
    }
    let owner = quote::ident(engine.snapshot().role_name(relation.owner));
    let app = engine.app.clone();
    let verb = operation.word().to_uppercase();
    engine.report(Found {
        check: "rule-runs-as-owner",
        severity: Severity::High,
        object: object.clone(),
        message: format!(
            "{verb} on {object} runs rule {} as {owner} on {}, and {why}: the policies of neither table are asked",
            quote::ident(rule),
            target.qualified()
        ),
        path: vec![app, format!("{verb} on {object}"), format!("rule {}", quote::ident(rule)), format!("as {owner}"), target.qualified()],
        evidence: Some(format!(
            "SELECT definition FROM pg_catalog.pg_rules WHERE schemaname = {} AND tablename = {} AND rulename = {};",
            quote::literal(&relation.schema_name),
            quote::literal(&relation.name),
            quote::literal(rule)
        )),
        fix: Some(format!("DROP RULE {} ON {object};", quote::ident(rule))),
    });
    engine.cover_leak(&object, operation, why, ("rule-runs-as-owner", &object));
}
