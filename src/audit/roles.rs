//! What the login is, and what it may become.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::engine::{Engine, Found, few};
use crate::catalog::{Function, Oid};
use crate::finding::Severity;
use crate::session::quote;

/// Predefined roles that lead out of row-level security, and how. `predefined-roles`.
const DANGEROUS: [(&str, Severity, &str); 4] = [
    (
        "pg_execute_server_program",
        Severity::Critical,
        "runs programs as the server's own user",
    ),
    (
        "pg_write_server_files",
        Severity::Critical,
        "writes any file of the server",
    ),
    (
        "pg_read_server_files",
        Severity::Critical,
        "reads any file of the server, tables among them",
    ),
    (
        "pg_read_all_data",
        Severity::High,
        "reads pg_statistic, which holds sampled values of every organization's rows",
    ),
];

pub(super) fn audit(engine: &mut Engine<'_>) {
    if engine.tenancy.app.is_none() {
        missing(engine);
        return;
    }
    bypassers(engine);
    predefined(engine);
    owners(engine);
    policy_functions(engine);
}

fn missing(engine: &mut Engine<'_>) {
    let app = engine.app.clone();
    engine.report(Found {
        check: "app-role-missing",
        severity: Severity::High,
        object: app.clone(),
        message: format!(
            "role {app} does not exist: the application logs in as another role, and what that one may do is not known; tables are judged as if {app} had been created"
        ),
        path: Vec::new(),
        evidence: Some(format!(
            "SELECT count(*) FROM pg_catalog.pg_roles WHERE rolname = {};",
            quote::literal(&engine.tenancy.settings.tenancy.app_role)
        )),
        fix: Some("tenantctl role create".into()),
    });
}

/// Roles with SUPERUSER or BYPASSRLS that the login may become. Attributes are never inherited, but
/// SET ROLE takes them on.
fn bypassers(engine: &mut Engine<'_>) {
    let snapshot = engine.snapshot();
    let mut targets: Vec<Oid> = engine
        .powers
        .becomes
        .keys()
        .copied()
        .filter(|oid| {
            snapshot
                .roles
                .get(oid)
                .is_some_and(|role| role.superuser || role.bypass_rls)
        })
        .collect();
    targets.sort_by_key(|oid| snapshot.role_name(*oid));
    for target in targets {
        // What CREATEROLE may grant itself is everything, and is reported as CREATEROLE.
        let by_createrole = engine
            .powers
            .becomes
            .get(&target)
            .is_some_and(|step| step.words.contains("CREATEROLE"));
        if !by_createrole {
            bypasser(engine, target);
        }
    }
}

fn bypasser(engine: &mut Engine<'_>, target: Oid) {
    let snapshot = engine.snapshot();
    let name = quote::ident(snapshot.role_name(target));
    let what = match snapshot.roles.get(&target) {
        Some(role) if role.superuser => "is a superuser",
        _ => "has BYPASSRLS",
    };
    let app = engine.app.clone();
    let path = engine.way_to_become(target);
    let fix = revoke(engine, target);
    engine.report(Found {
        check: "app-role-may-become-bypasser",
        severity: Severity::Critical,
        object: name.clone(),
        message: format!("{app} may become {name}, which {what}: no policy binds it"),
        // SET ROLE asks what the login may: a superuser has to be the login first.
        evidence: Some(format!(
            "BEGIN; SET LOCAL SESSION AUTHORIZATION {app}; SET LOCAL ROLE {name}; SELECT current_user; ROLLBACK;"
        )),
        fix: Some(fix),
        path,
    });
}

/// The REVOKE that cuts the first step of the way.
pub(super) fn revoke(engine: &Engine<'_>, target: Oid) -> String {
    let snapshot = engine.snapshot();
    let mut at = target;
    let mut guard = 0;
    while let Some(step) = engine.powers.becomes.get(&at) {
        guard += 1;
        if step.from == engine.powers.role || guard > engine.powers.becomes.len() {
            break;
        }
        at = step.from;
    }
    let direct = snapshot
        .memberships
        .iter()
        .any(|membership| membership.role == at && membership.member == engine.powers.role);
    if direct {
        format!(
            "REVOKE {} FROM {};",
            quote::ident(snapshot.role_name(at)),
            engine.app
        )
    } else {
        format!("ALTER ROLE {} NOCREATEROLE;", engine.app)
    }
}

fn predefined(engine: &mut Engine<'_>) {
    let snapshot = engine.snapshot();
    for (name, severity, how) in DANGEROUS {
        let Some(role) = snapshot.role(name) else {
            continue;
        };
        let held = engine.powers.held.contains(&role.oid);
        if !held && !engine.powers.becomes.contains_key(&role.oid) {
            continue;
        }
        // What CREATEROLE may grant is reported as CREATEROLE.
        let by_membership = snapshot.memberships.iter().any(|membership| {
            membership.role == role.oid
                && (membership.member == engine.powers.role
                    || engine.powers.held.contains(&membership.member)
                    || engine.powers.becomes.contains_key(&membership.member))
        });
        if !by_membership {
            continue;
        }
        let app = engine.app.clone();
        let mut path = engine.way_to_role(role.oid);
        path.push(how.to_owned());
        engine.report(Found {
            check: "app-role-may-become-bypasser",
            severity,
            object: app.clone(),
            message: format!("{app} is a member of {name}, which {how}"),
            path,
            evidence: Some(format!(
                "SELECT pg_has_role({}, {}, 'MEMBER');",
                quote::literal(&engine.tenancy.settings.tenancy.app_role),
                quote::literal(name)
            )),
            fix: Some(revoke(engine, role.oid)),
        });
    }
}

/// An owner can lift FORCE, drop the policies, or turn row-level security off.
fn owners(engine: &mut Engine<'_>) {
    // What a superuser may do is said once, by its own check.
    if engine.tenancy.app.is_some_and(|role| role.superuser) {
        return;
    }
    let Some((owner, tables)) = owned(engine) else {
        return;
    };
    let app = engine.app.clone();
    let owner_name = quote::ident(engine.snapshot().role_name(owner));
    let (who, fix) = if owner == engine.powers.role {
        (
            format!("{app} owns"),
            format!("ALTER TABLE {} OWNER TO <another role>;", tables[0]),
        )
    } else {
        (
            format!("{app} may act as {owner_name}, who owns"),
            revoke(engine, owner),
        )
    };
    let mut path = engine.way_to_role(owner);
    path.push(format!("owner of {}", tables[0]));
    path.push(format!(
        "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY",
        tables[0]
    ));
    engine.report(Found {
        check: "app-role-owns-tables",
        severity: Severity::Critical,
        object: app,
        message: format!(
            "{who} {}: an owner can lift FORCE, drop the policies or turn row-level security off",
            few(&tables)
        ),
        path,
        evidence: Some(disable(engine, owner, &tables[0])),
        fix: Some(fix),
    });
}

/// An owner's statement, by way of the login: a superuser may anything, and would show nothing. It
/// gives up rather than stand in front of the table's readers.
fn disable(engine: &Engine<'_>, owner: Oid, table: &str) -> String {
    let become_owner = if engine.powers.held.contains(&owner) {
        String::new()
    } else {
        let owner = quote::ident(engine.snapshot().role_name(owner));
        format!("SET LOCAL ROLE {owner}; ")
    };
    format!(
        "BEGIN; SET LOCAL lock_timeout = '1s'; SET LOCAL SESSION AUTHORIZATION {}; {become_owner}ALTER TABLE {table} DISABLE ROW LEVEL SECURITY; ROLLBACK;",
        engine.app
    )
}

/// Functions that decide in a policy, and that the login may replace: what the policy then says is up
/// to the login. `sql-createfunction`: CREATE OR REPLACE needs ownership, and so does ALTER.
fn policy_functions(engine: &mut Engine<'_>) {
    if engine.tenancy.app.is_some_and(|role| role.superuser) {
        return;
    }
    let snapshot = engine.snapshot();
    for (oid, table) in used_in_policies(engine) {
        let Some(function) = snapshot.functions.get(&oid) else {
            continue;
        };
        if function.of_extension || !acts_as(engine, function.owner) {
            continue;
        }
        let signature = function.signature();
        let mut path = engine.way_to_role(function.owner);
        path.push(format!("CREATE OR REPLACE FUNCTION {signature}"));
        path.push(format!("the policies on {table}"));
        let owner = quote::ident(snapshot.role_name(function.owner));
        let app = engine.app.clone();
        engine.report(Found {
            check: "policy-function-replaceable",
            severity: Severity::Critical,
            object: signature.clone(),
            message: format!(
                "{signature} decides in the policies on {table}, and {app} may replace it: it owns it, or may act as {owner}, who does"
            ),
            path,
            evidence: Some(format!(
                "SELECT pg_get_functiondef({}::regprocedure);",
                quote::literal(&signature)
            )),
            fix: Some(format!(
                "ALTER FUNCTION {signature} OWNER TO <a role that {app} is no member of>;"
            )),
        });
    }
}

/// Functions that policies on tenant tables call, themselves or through others, each with a table.
fn used_in_policies(engine: &Engine<'_>) -> BTreeMap<Oid, String> {
    let snapshot = engine.snapshot();
    let mut by_name: HashMap<&str, Vec<&Function>> = HashMap::new();
    for function in snapshot.functions.values() {
        by_name.entry(&function.name).or_default().push(function);
    }
    let mut used: BTreeMap<Oid, String> = BTreeMap::new();
    if by_name.is_empty() {
        return used;
    }
    for table in engine.tenancy.by_name() {
        let relation = engine.tenancy.relation(table);
        let texts = relation
            .policies
            .iter()
            .flat_map(|policy| policy.using.iter().chain(&policy.check));
        let mut waiting: Vec<&str> = texts.map(String::as_str).collect();
        while let Some(text) = waiting.pop() {
            let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')));
            for function in words.filter_map(|word| by_name.get(word)).flatten() {
                if let Entry::Vacant(new) = used.entry(function.oid) {
                    new.insert(relation.qualified());
                    waiting.push(&function.body);
                }
            }
        }
    }
    used
}

/// Whether the login has a role's powers, or may take them.
fn acts_as(engine: &Engine<'_>, role: Oid) -> bool {
    let superuser = engine
        .snapshot()
        .roles
        .get(&role)
        .is_some_and(|role| role.superuser);
    engine.powers.held.contains(&role) || (engine.powers.becomes.contains_key(&role) && !superuser)
}

/// The first owner of tenant tables that the application is or may become, and what it owns. An
/// owner that is a superuser is a bypass of its own.
fn owned(engine: &Engine<'_>) -> Option<(Oid, Vec<String>)> {
    let tables = engine.tenancy.by_name();
    let relations = || tables.iter().map(|table| engine.tenancy.relation(table));
    let owner = relations()
        .map(|relation| relation.owner)
        .find(|owner| acts_as(engine, *owner))?;
    let names = relations()
        .filter(|relation| relation.owner == owner)
        .map(|relation| relation.qualified())
        .collect();
    Some((owner, names))
}
