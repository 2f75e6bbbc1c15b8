//! Functions and roles.

use super::super::engine::{Engine, few};
use super::super::grants;
use super::{Audited, Explanation, Way};
use crate::catalog::{Function, Oid, Role};
use crate::finding::Verdict;
use crate::paths::{Access, Powers};
use crate::session::quote;

pub(super) fn function(engine: &Engine<'_>, oid: Oid, audited: Audited<'_>) -> Explanation {
    let snapshot = engine.snapshot();
    // The oid was found in this snapshot.
    let function = &snapshot.functions[&oid];
    let object = function.signature();
    let mut grants = grants::on_function(&engine.memberships, &engine.powers, function);
    if engine.tenancy.app.is_none() {
        grants.clear();
    }
    let usable = engine.powers.may_use_schema(snapshot, function.schema);
    let mut facts = function_facts(engine, function);
    if !usable {
        facts.push(format!(
            "{} has no USAGE on schema {}: it cannot be called",
            engine.app,
            quote::ident(&function.schema_name)
        ));
    }
    let paths = match grants.iter().min_by_key(|grant| grant.through.len()) {
        Some(grant) if usable => vec![call(engine, function, &grant.through, audited)],
        _ => Vec::new(),
    };
    Explanation {
        kind: if function.kind == 'p' {
            "procedure"
        } else {
            "function"
        },
        facts,
        grants,
        paths,
        commands: Vec::new(),
        indexes: None,
        object,
    }
}

fn call(engine: &Engine<'_>, function: &Function, through: &[String], audited: Audited<'_>) -> Way {
    let snapshot = engine.snapshot();
    let signature = function.signature();
    let (role, as_whom) = match function.security_definer {
        true => (function.owner, "as its owner"),
        false => (engine.powers.role, "as its caller"),
    };
    let prover = engine.prover_for(role);
    let role = match function.security_definer {
        true => quote::ident(snapshot.role_name(role)),
        false => engine.app.clone(),
    };
    let mut steps = vec![engine.app.clone()];
    steps.extend(through.iter().cloned());
    steps.push(format!("EXECUTE on {signature}"));
    steps.push(format!("{as_whom} {role}"));
    let findings = audited.findings.iter();
    if let Some(finding) = findings
        .clone()
        .find(|f| f.object == signature && f.path.len() > 3)
    {
        steps.extend(finding.path.iter().skip(3).cloned());
    }
    let known = audited.verdict(&signature);
    Way {
        steps,
        bound: !prover.is_unbound(),
        verdict: known.as_ref().map(|(verdict, _)| *verdict),
        reason: match known {
            Some((_, reason)) => reason,
            None if !function.security_definer => {
                "it runs with its caller's rights, whom the tables' policies bind or not as ever"
                    .into()
            }
            None => {
                format!("nothing in it is known to reach rows past the policies that bind {role}")
            }
        },
        role: Some(role),
    }
}

fn function_facts(engine: &Engine<'_>, function: &Function) -> Vec<String> {
    let owner = quote::ident(engine.snapshot().role_name(function.owner));
    let unbound = engine.prover_for(function.owner).is_unbound();
    let mut facts = vec![
        match function.security_definer {
            true if unbound => format!("SECURITY DEFINER: runs as {owner}, whom no policy binds"),
            true => format!("SECURITY DEFINER: runs as {owner}"),
            false => format!("owned by {owner}, runs as its caller"),
        },
        format!(
            "language {}, {}{}",
            function.language,
            match function.volatility {
                'i' => "IMMUTABLE",
                's' => "STABLE",
                _ => "VOLATILE",
            },
            if function.leakproof {
                ", LEAKPROOF"
            } else {
                ""
            }
        ),
    ];
    let path = function
        .config
        .iter()
        .find(|entry| entry.starts_with("search_path="));
    facts.push(match path {
        Some(path) => format!("pins {path}"),
        None => "does not pin search_path".into(),
    });
    facts
}

pub(super) fn role(engine: &Engine<'_>, oid: Oid) -> Explanation {
    let snapshot = engine.snapshot();
    // The oid was found in this snapshot.
    let role = &snapshot.roles[&oid];
    let powers = Powers::of(snapshot, oid);
    let mut facts = vec![attributes(role)];
    let names = |oids: &mut dyn Iterator<Item = Oid>| -> Vec<String> {
        let mut names: Vec<String> = oids
            .map(|oid| quote::ident(snapshot.role_name(oid)))
            .collect();
        names.sort();
        names
    };
    let held = names(&mut powers.held.iter().copied().filter(|held| *held != oid));
    if !held.is_empty() {
        facts.push(format!("has the privileges of {}", held.join(", ")));
    }
    let becomes = powers.becomes.keys().copied();
    let becomes = names(&mut becomes.filter(|other| !powers.held.contains(other)));
    if !becomes.is_empty() {
        facts.push(format!("may become {}", few(&becomes)));
    }
    facts.extend(touches(engine, &powers));
    // For the login: what it may become that no policy binds.
    let unbound = |other: &&Role| other.superuser || other.bypass_rls;
    let mut others: Vec<&Role> = match oid == engine.powers.role {
        true => snapshot.roles.values().filter(unbound).collect(),
        false => Vec::new(),
    };
    others.retain(|other| other.oid != oid && engine.powers.becomes.contains_key(&other.oid));
    others.sort_by(|a, b| a.name.cmp(&b.name));
    let beyond = others
        .into_iter()
        .filter_map(|other| reached(engine, other));
    for setting in snapshot
        .role_settings
        .iter()
        .filter(|setting| setting.role == oid)
    {
        facts.push(format!("starts with {}", setting.settings.join(", ")));
    }
    Explanation {
        object: quote::ident(&role.name),
        kind: "role",
        facts,
        grants: Vec::new(),
        paths: reached(engine, role).into_iter().chain(beyond).collect(),
        commands: Vec::new(),
        indexes: None,
    }
}

fn attributes(role: &Role) -> String {
    let words: Vec<&str> = [
        (role.login, "LOGIN"),
        (role.superuser, "SUPERUSER"),
        (role.bypass_rls, "BYPASSRLS"),
        (role.create_role, "CREATEROLE"),
        (role.create_db, "CREATEDB"),
        (role.replication, "REPLICATION"),
        (!role.inherit, "NOINHERIT"),
    ]
    .into_iter()
    .filter_map(|(has, word)| has.then_some(word))
    .collect();
    match words.as_slice() {
        [] => "NOLOGIN".into(),
        words => words.join(", "),
    }
}

/// Which tenant tables it owns, and which it may use unfiltered.
fn touches(engine: &Engine<'_>, powers: &Powers) -> Vec<String> {
    let snapshot = engine.snapshot();
    let prover = engine.prover_for(powers.role);
    let (mut owned, mut used, mut open) = (Vec::new(), Vec::new(), Vec::new());
    for table in engine.tenancy.by_name() {
        let relation = engine.tenancy.relation(table);
        if powers.held.contains(&relation.owner) {
            owned.push(relation.qualified());
        }
        if !Access::of(snapshot, powers, relation).is_none() {
            used.push(relation.qualified());
            if prover.unfiltered(relation).is_some() {
                open.push(relation.qualified());
            }
        }
    }
    let mut facts = Vec::new();
    if !owned.is_empty() {
        facts.push(format!("has the rights of the owner of {}", few(&owned)));
    }
    facts.push(match used.len() {
        0 => "may use no tenant table".to_owned(),
        count => format!(
            "may use {count} of {} tenant tables: {}",
            engine.tenancy.tables.len(),
            few(&used)
        ),
    });
    if !open.is_empty() {
        facts.push(format!("no policy binds it on {}", few(&open)));
    }
    facts
}

/// How the login becomes it, or why it does not.
fn reached(engine: &Engine<'_>, role: &Role) -> Option<Way> {
    let is_login = role.oid == engine.powers.role;
    let held = engine.powers.held.contains(&role.oid);
    if !held && !engine.powers.becomes.contains_key(&role.oid) {
        return None;
    }
    let becomes = is_login || engine.powers.becomes.contains_key(&role.oid);
    let unbound = engine.prover_for(role.oid).is_unbound();
    let name = quote::ident(&role.name);
    Some(Way {
        steps: match unbound && !is_login && becomes {
            true => engine.way_to_become(role.oid),
            false => engine.way_to_role(role.oid),
        },
        bound: !(unbound && becomes),
        verdict: (unbound && becomes).then_some(Verdict::Leaking),
        reason: match () {
            () if unbound && becomes => format!("no policy binds {name}"),
            () if is_login => "it is the application's login".into(),
            // Attributes are never inherited.
            () if held => "its privileges are inherited, its attributes are not".to_owned(),
            () => format!("the session is {name} then: its policies, its privileges"),
        },
        role: Some(name),
    })
}
