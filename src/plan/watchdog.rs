//! An event trigger that isolates a tenant table in the very command that makes it.
//!
//! Its function runs with the rights of whoever made the table, and never makes their command fail.

use std::collections::BTreeMap;

use super::expression;
use super::mark::{Mark, Place};
use super::work::{Desk, Target, Work};
use super::{Change, Choice, Kind, LeftAlone, LockMode, Plan};
use crate::catalog::{Comments, EventTrigger, Function, Snapshot};
use crate::session::quote::{ident, literal, qualified};
use crate::settings::Settings;

/// The name of the event trigger and of its function.
pub(super) const NAME: &str = "tenantctl_watchdog";

/// Stands for a type in a text that is made for one type after the other; no identifier has it.
const ANY_TYPE: &str = "\u{1}";

/// Commands that make a table, or make a tenant table of one. `event-trigger-matrix`.
const TAGS: [&str; 5] = [
    "ALTER TABLE",
    "CREATE SCHEMA",
    "CREATE TABLE",
    "CREATE TABLE AS",
    "SELECT INTO",
];

/// What installs it, or brings it up to date; nothing where it is as it should be.
///
/// # Errors
/// Why it is left alone.
pub(super) fn change(desk: Desk<'_, '_>, app: &str) -> Result<Option<Change>, LeftAlone> {
    let snapshot = desk.tenancy.snapshot;
    let schema = &desk.tenancy.registry.schema_name;
    let function = snapshot.functions.values().find(|function| {
        function.schema_name == *schema
            && function.name == NAME
            && function.argument_types.is_empty()
    });
    let trigger = snapshot.event_triggers.iter().find(|one| one.name == NAME);
    let is_ours = |place: Option<Place>| place.is_none_or(|place| is_made(&place, desk.comments));
    if !is_ours(function.map(Place::function)) || !is_ours(trigger.map(Place::event_trigger)) {
        return Err(LeftAlone {
            object: NAME.to_owned(),
            reason: "there is a function or event trigger of that name that tenantctl did not \
                     make: rename it, then the watchdog can be installed"
                .to_owned(),
        });
    }
    let mut work = Work::default();
    make_function(desk, app, function, &mut work);
    make_trigger(desk, function, trigger, &mut work);
    if work.is_empty() {
        return Ok(None);
    }
    Ok(Some(Change {
        superuser: true,
        ..work.transaction(Kind::Watchdog, target(snapshot), desk.id)
    }))
}

fn make_function(desk: Desk<'_, '_>, app: &str, found: Option<&Function>, work: &mut Work) {
    let body = body(desk, app);
    let as_it_should_be = |function: &Function| {
        function.body == body
            && function.config == ["search_path=pg_catalog, pg_temp"]
            && function
                .acl
                .as_deref()
                .is_some_and(|acl| acl.iter().all(|item| item.grantee != 0))
    };
    if found.is_some_and(as_it_should_be) {
        return;
    }
    let name = qualified(&desk.tenancy.registry.schema_name, NAME);
    work.push(
        format!(
            "CREATE OR REPLACE FUNCTION {name}() RETURNS event_trigger LANGUAGE plpgsql SET \
             search_path = pg_catalog, pg_temp AS {}",
            literal(&body)
        ),
        format!("DROP FUNCTION {name}()"),
        "a tenant table that is made tomorrow is isolated by the command that makes it",
    );
    work.statements
        .push(format!("REVOKE ALL ON FUNCTION {name}() FROM PUBLIC"));
    let place = found.map_or_else(
        || Place::new_function(&format!("{name}()")),
        Place::function,
    );
    work.stamp(desk, &place, |mark| mark.made = true);
}

fn make_trigger(
    desk: Desk<'_, '_>,
    function: Option<&Function>,
    found: Option<&EventTrigger>,
    work: &mut Work,
) {
    let as_it_should_be = |one: &EventTrigger| {
        function.is_some_and(|function| function.oid == one.function)
            && one.enabled == 'O'
            && one.event == "ddl_command_end"
            && one.tags == TAGS
    };
    if found.is_some_and(as_it_should_be) {
        return;
    }
    if found.is_some() {
        work.statements.push(format!("DROP EVENT TRIGGER {NAME}"));
    }
    let name = qualified(&desk.tenancy.registry.schema_name, NAME);
    let tags: Vec<String> = TAGS.iter().map(|tag| literal(tag)).collect();
    work.push(
        format!(
            "CREATE EVENT TRIGGER {NAME} ON ddl_command_end WHEN TAG IN ({}) EXECUTE FUNCTION \
             {name}()",
            tags.join(", ")
        ),
        format!("DROP EVENT TRIGGER {NAME}"),
        "nothing watches over new tables",
    );
    work.stamp(desk, &Place::new_event_trigger(NAME), |mark| {
        mark.made = true
    });
}

/// What takes it away; nothing where there is none of ours.
pub fn removal(snapshot: &Snapshot, comments: &Comments) -> Plan {
    let mut plan = Plan::default();
    let functions = snapshot.functions.values();
    let mut ours: Vec<&Function> = functions
        .filter(|function| is_ours(function, comments))
        .collect();
    ours.sort_by_cached_key(|function| function.signature());
    let mut statements = Vec::new();
    for trigger in &snapshot.event_triggers {
        if is_made(&Place::event_trigger(trigger), comments) {
            statements.push(format!("DROP EVENT TRIGGER {}", ident(&trigger.name)));
        }
    }
    let superuser = !statements.is_empty();
    statements.extend(
        ours.iter()
            .map(|one| format!("DROP FUNCTION {}", one.signature())),
    );
    if !statements.is_empty() {
        plan.changes.push(Change {
            statements,
            because: vec!["the watchdog was installed".to_owned()],
            superuser,
            id: format!("{}:{NAME}", Kind::Watchdog.word()),
            ..Change::bare(Kind::Revert, target(snapshot))
        });
    }
    plan
}

/// Whether a function is the watchdog's.
pub(super) fn is_ours(function: &Function, comments: &Comments) -> bool {
    function.name == NAME && is_made(&Place::function(function), comments)
}

fn is_made(place: &Place, comments: &Comments) -> bool {
    place.read(comments).1.is_some_and(|mark| mark.made)
}

/// An event trigger is nobody's but a superuser's, which is asked for separately.
fn target(snapshot: &Snapshot) -> Target {
    let owner = snapshot.server.session_role;
    Target::other(NAME, owner, LockMode::ShareUpdateExclusive)
}

/// The function's text, for this configuration.
fn body(desk: Desk<'_, '_>, app: &str) -> String {
    let settings = desk.tenancy.settings;
    // The same whatever else is chosen beside it.
    let plan = super::plan_id(settings, &Choice::default());
    let made = Mark {
        plan: plan.clone(),
        made: true,
        ..Mark::default()
    };
    let isolated = Mark {
        plan,
        enabled: true,
        forced: true,
        ..Mark::default()
    };
    let name = &settings.policy.name;
    let room = 63usize.saturating_sub(name.len() - "{table}".len().min(name.len()));
    let values = [
        ("schemas", array(&settings.tenancy.schemas)),
        ("shared", array(&settings.tables.shared)),
        ("keys", format!("{}::json", literal(&keys(settings)))),
        ("key", literal(&settings.tenancy.key)),
        ("types", types()),
        ("text", literal(&expression::value(settings, None))),
        (
            "cast",
            literal(&expression::value(settings, Some(ANY_TYPE))),
        ),
        ("placeholder", literal(ANY_TYPE)),
        ("room", room.to_string()),
        ("name", literal(name)),
        ("app", literal(app)),
        ("made", literal(&made.line())),
        ("isolated", literal(&isolated.line())),
        ("guard", settings.policy.guard.to_string()),
    ];
    // In one pass: what is put in is not searched.
    let template = include_str!("../../sql/watchdog.sql");
    let mut text = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("/*") {
        text.push_str(before);
        let (hole, after) = after.split_once("*/").unwrap_or((after, ""));
        let value = values.iter().find(|(name, _)| *name == hole);
        text.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    text.push_str(rest);
    text
}

fn array(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
    format!("array[{}]::text[]", names.join(", "))
}

/// Tables whose key has a name of its own, as JSON.
fn keys(settings: &Settings) -> String {
    let mut keys: BTreeMap<&str, &str> = settings
        .tables
        .key
        .iter()
        .map(|(table, column)| (table.as_str(), column.as_str()))
        .collect();
    keys.insert(&settings.tenancy.registry, &settings.tenancy.registry_id);
    // It is made of texts, which JSON takes.
    serde_json::to_string(&keys).unwrap_or_default()
}

/// Types of keys for which a policy is written.
fn types() -> String {
    let oids: Vec<String> = expression::KEY_TYPES.iter().map(u32::to_string).collect();
    format!("array[{}]::oid[]", oids.join(", "))
}
