//! Every way from the login that leads to a relation, or through it to tenants' rows.

use super::super::engine::Engine;
use super::super::identities::known_to;
use super::{Audited, Way};
use crate::catalog::{Oid, Relation, RelationKind, Role};
use crate::finding::{Operation, Verdict};
use crate::paths::{Access, Powers, Route, routes};
use crate::predicate::{Answer, Need};
use crate::session::quote;

/// Roles that the login may become, beyond which no more are followed.
const MAX_ROLES: usize = 100;

pub(super) fn to_relation(
    engine: &Engine<'_>,
    relation: &Relation,
    audited: Audited<'_>,
) -> Vec<Way> {
    let mut ways = directly(engine, relation, audited);
    ways.extend(as_other_roles(engine, relation));
    ways.extend(by_family(engine, relation, audited));
    ways.extend(by_views(engine, relation, audited));
    ways.extend(by_rules(engine, relation));
    ways.extend(by_functions(engine, relation, audited));
    ways
}

/// By its own name.
fn directly(engine: &Engine<'_>, relation: &Relation, audited: Audited<'_>) -> Vec<Way> {
    let access = engine.access(relation);
    let Some(first) = access.operations.first() else {
        return Vec::new();
    };
    let object = relation.qualified();
    let mut steps = engine.way(relation, *first);
    steps.pop();
    steps.push(format!("{} on {object}", verbs(&access)));
    if !relation.kind.is_table() {
        return through(engine, relation, &steps, audited);
    }
    let unfiltered = engine.prover.unfiltered(relation);
    let known = audited.verdict(&object);
    vec![Way {
        steps,
        role: Some(engine.app.clone()),
        bound: unfiltered.is_none(),
        verdict: known.as_ref().map(|(verdict, _)| *verdict),
        reason: match (unfiltered, known) {
            (Some(reason), _) => reason,
            (None, Some((Verdict::Unproven | Verdict::Leaking, _))) => audited.each(&object),
            (None, Some(_)) => "its policies bind, and the proofs below hold".into(),
            (None, None) => "its policies bind".into(),
        },
    }]
}

fn verbs(access: &Access) -> String {
    let words: Vec<String> = access
        .operations
        .iter()
        .map(|operation| operation.word().to_uppercase())
        .collect();
    let columns = if access.columns_only {
        " of some columns"
    } else {
        ""
    };
    format!("{}{columns}", words.join(", "))
}

/// On from a view to what it reads; a relation of another kind ends there.
fn through(
    engine: &Engine<'_>,
    view: &Relation,
    steps: &[String],
    audited: Audited<'_>,
) -> Vec<Way> {
    let known = audited.verdict(&view.qualified());
    let ends: Vec<Way> = routes(engine.snapshot(), view, caller(engine, view), |_| 0)
        .iter()
        .filter(|route| engine.tenancy.tables.contains_key(&route.target))
        .filter_map(|route| read_through(engine, view, route, steps, audited))
        .collect();
    if !ends.is_empty() {
        return ends;
    }
    vec![Way {
        steps: steps.to_vec(),
        role: Some(engine.app.clone()),
        bound: false,
        verdict: known.as_ref().map(|(verdict, _)| *verdict),
        reason: match known {
            Some((_, reason)) => reason,
            None => "no tenant table is behind it".into(),
        },
    }]
}

/// Who asks: a materialized view was filled by its owner.
fn caller(engine: &Engine<'_>, view: &Relation) -> Oid {
    match view.kind {
        RelationKind::MaterializedView => view.owner,
        _ => engine.powers.role,
    }
}

fn read_through(
    engine: &Engine<'_>,
    view: &Relation,
    route: &Route,
    steps: &[String],
    audited: Audited<'_>,
) -> Option<Way> {
    let known = audited.verdict(&view.qualified());
    let snapshot = engine.snapshot();
    let target = snapshot.relations.get(&route.target)?;
    let stored = view.kind == RelationKind::MaterializedView;
    let role = quote::ident(snapshot.role_name(route.as_role));
    let mut steps = steps.to_vec();
    let inner = route.through.iter().skip(1);
    steps.extend(
        inner
            .filter_map(|oid| snapshot.relations.get(oid))
            .map(Relation::qualified),
    );
    steps.push(match () {
        () if stored => format!("rows stored as {role}"),
        () if route.as_role == engine.powers.role => format!("as the caller {role}"),
        () => format!("as its owner {role}"),
    });
    steps.push(target.qualified());
    let unfiltered = engine.prover_for(route.as_role).unfiltered(target);
    // What its caller reads there is no better than what it reads by itself.
    let known = match route.as_role == engine.powers.role && !stored {
        true => audited.reading(&target.qualified()).or(known),
        false => known,
    };
    Some(Way {
        steps,
        role: Some(role.clone()),
        bound: unfiltered.is_none() && !stored,
        verdict: known.as_ref().map(|(verdict, _)| *verdict),
        reason: match (known, unfiltered) {
            (Some((_, reason)), _) => reason,
            (None, Some(reason)) => reason,
            (None, None) => format!("the policies there bind {role}"),
        },
    })
}

/// After SET ROLE, or what else makes the login somebody. A role whose privileges the login has
/// anyway is worth a line where it meets fewer policies.
fn as_other_roles(engine: &Engine<'_>, relation: &Relation) -> Vec<Way> {
    if !engine.tenancy.tables.contains_key(&relation.oid) {
        return Vec::new();
    }
    let snapshot = engine.snapshot();
    let own = standing(engine, relation, engine.powers.role).map(|(_, verdict, _)| verdict);
    // Of those that the table does not know only the ones that need no grant can do anything there.
    let known = known_to(std::iter::once(relation));
    let matters = |role: &Oid| {
        let needs_none = |role: &Role| role.superuser || role.bypass_rls;
        *role == relation.owner
            || known.contains(role)
            || snapshot.roles.get(role).is_some_and(needs_none)
    };
    let becomes = engine.powers.becomes.keys().copied();
    let mut roles: Vec<Oid> = becomes.filter(matters).collect();
    roles.sort_by_key(|role| snapshot.role_name(*role));
    let mut ways = Vec::new();
    for role in roles.into_iter().take(MAX_ROLES) {
        let Some((access, verdict, reason)) = standing(engine, relation, role) else {
            continue;
        };
        if engine.powers.held.contains(&role) && own.is_some_and(|own| own >= verdict) {
            continue;
        }
        let mut steps = engine.way_to_become(role);
        steps.push(format!("{} on {}", verbs(&access), relation.qualified()));
        ways.push(Way {
            steps,
            role: Some(quote::ident(snapshot.role_name(role))),
            bound: engine.prover_for(role).unfiltered(relation).is_none(),
            verdict: Some(verdict),
            reason,
        });
    }
    ways
}

/// What a role may do with a tenant table, and the worst that it meets; `None` where nothing.
fn standing(
    engine: &Engine<'_>,
    relation: &Relation,
    role: Oid,
) -> Option<(Access, Verdict, String)> {
    let snapshot = engine.snapshot();
    let access = match role == engine.powers.role {
        true => engine.access(relation),
        false => Access::of(snapshot, &Powers::of(snapshot, role), relation),
    };
    if access.is_none() {
        return None;
    }
    let prover = engine.prover_for(role);
    let (verdict, reason) = match prover.unfiltered(relation) {
        Some(reason) => (Verdict::Leaking, reason),
        None => match worst(&access, |need| prover.judge(relation, need)) {
            Answer::Proved(reason) => (Verdict::Proved, reason),
            Answer::Denied => (Verdict::Proved, "no permissive policy applies to it".into()),
            Answer::Unproven(reason) => (Verdict::Unproven, reason),
            Answer::Leaking(leak) => (Verdict::Leaking, leak.words()),
        },
    };
    Some((access, verdict, reason))
}

/// The answer that decides what a role may do with a table in all.
fn worst(access: &Access, judge: impl Fn(Need) -> Answer) -> Answer {
    let needs = access
        .operations
        .iter()
        .flat_map(|operation| match operation {
            Operation::Select => &[Need::Select][..],
            Operation::Insert => &[Need::Insert],
            Operation::Update => &[Need::UpdateOld, Need::UpdateNew],
            Operation::Delete => &[Need::Delete],
        });
    let answers = needs.map(|need| judge(*need));
    answers.max_by_key(Answer::rank).unwrap_or(Answer::Denied)
}

/// By the name of a parent, whose policies alone are asked then, or of a child.
fn by_family(engine: &Engine<'_>, relation: &Relation, audited: Audited<'_>) -> Vec<Way> {
    let snapshot = engine.snapshot();
    let mut ways = Vec::new();
    let mut seen = vec![relation.oid];
    let mut above: Vec<Oid> = relation.parents.clone();
    while let Some(oid) = above.pop() {
        let Some(parent) = snapshot
            .relations
            .get(&oid)
            .filter(|_| !seen.contains(&oid))
        else {
            continue;
        };
        seen.push(oid);
        above.extend(&parent.parents);
        let name = parent.qualified();
        for mut way in directly(engine, parent, audited) {
            way.steps
                .push(format!("its child {}", relation.qualified()));
            way.reason = format!("only the policies of {name} are asked: {}", way.reason);
            ways.push(way);
        }
    }
    let mut children: Vec<&Relation> = snapshot.children(relation.oid).collect();
    children.sort_by_key(|child| child.qualified());
    for child in children {
        for mut way in directly(engine, child, audited) {
            way.reason = format!(
                "a part of its rows, with policies of its own: {}",
                way.reason
            );
            ways.push(way);
        }
    }
    ways
}

/// By views that read it, at any depth, and materialized views that were filled from it.
fn by_views(engine: &Engine<'_>, relation: &Relation, audited: Audited<'_>) -> Vec<Way> {
    let snapshot = engine.snapshot();
    let is_view = |other: &&Relation| {
        matches!(
            other.kind,
            RelationKind::View | RelationKind::MaterializedView
        )
    };
    let mut views: Vec<&Relation> = snapshot.relations.values().filter(is_view).collect();
    views.retain(|view| view.oid != relation.oid && !view.of_extension);
    views.sort_by_key(|view| view.qualified());
    let mut ways = Vec::new();
    for view in views {
        let routes = routes(snapshot, view, caller(engine, view), |_| 0);
        let mut leading = routes
            .iter()
            .filter(|route| route.target == relation.oid || route.through.contains(&relation.oid))
            .peekable();
        if leading.peek().is_none() || !engine.access(view).allows(Operation::Select) {
            continue;
        }
        let steps = engine.way(view, Operation::Select);
        ways.extend(leading.filter_map(|route| read_through(engine, view, route, &steps, audited)));
    }
    ways
}

/// By rules of other relations that act on it.
fn by_rules(engine: &Engine<'_>, relation: &Relation) -> Vec<Way> {
    let mut others: Vec<&Relation> = engine.snapshot().relations.values().collect();
    others.retain(|other| other.oid != relation.oid);
    others.sort_by_key(|other| other.qualified());
    let mut ways = Vec::new();
    for other in others {
        let acts = other.rules.iter();
        for rule in acts.filter(|rule| rule.event != '1' && rule.refers_to.contains(&relation.oid))
        {
            let operation = match rule.event {
                '2' => Operation::Update,
                '3' => Operation::Insert,
                _ => Operation::Delete,
            };
            if !engine.access(other).allows(operation) {
                continue;
            }
            let owner = quote::ident(engine.snapshot().role_name(other.owner));
            let unfiltered = engine.prover_for(other.owner).unfiltered(relation);
            let mut steps = engine.way(other, operation);
            steps.push(format!("rule {}", quote::ident(&rule.name)));
            steps.push(format!("as {owner}"));
            steps.push(relation.qualified());
            ways.push(Way {
                steps,
                role: Some(owner.clone()),
                bound: unfiltered.is_none(),
                verdict: Some(match unfiltered {
                    None => Verdict::Proved,
                    Some(_) => Verdict::Leaking,
                }),
                reason: unfiltered.unwrap_or_else(|| format!("the policies there bind {owner}")),
            });
        }
    }
    ways
}

/// By functions: what the audit found of those that name it.
fn by_functions(engine: &Engine<'_>, relation: &Relation, audited: Audited<'_>) -> Vec<Way> {
    let object = relation.qualified();
    let named: Vec<_> = engine
        .snapshot()
        .functions
        .values()
        .map(|function| (function.signature(), function.owner))
        .collect();
    let mut ways = Vec::new();
    for row in audited.coverage {
        let Some((signature, owner)) = named.iter().find(|(name, _)| *name == row.object) else {
            continue;
        };
        let of_function = audited
            .findings
            .iter()
            .filter(|found| found.object == *signature);
        let mut leading = of_function.filter(|found| super::concerns(found, &object));
        let steps = match leading.next() {
            Some(finding) => finding.path.clone(),
            None if row.reason.contains(&object) => vec![
                engine.app.clone(),
                format!("EXECUTE on {signature}"),
                object.clone(),
            ],
            None => continue,
        };
        ways.push(Way {
            steps,
            role: Some(quote::ident(engine.snapshot().role_name(*owner))),
            bound: engine.prover_for(*owner).unfiltered(relation).is_none(),
            verdict: Some(row.verdict),
            reason: row.reason.clone(),
        });
    }
    ways
}
