//! Every check against its own fixtures: what must be found, exactly, and what must not.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::support::{Db, Server, for_each_version};

/// An object and how bad it is.
type Expected = (String, Option<String>);

/// The words in fixtures that stand for roles; `:app` is the application's.
const ROLES: [&str; 4] = ["app", "owner", "other", "admin"];

/// Tables with the tenant key.
const KEYED: &str =
    "select from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
    where a.attname = 'organization_id' and c.relkind in ('r', 'p')";

/// A tenant table that nothing is wrong with, for fixtures about something else: an audit refuses
/// to look at nothing.
const BYSTANDER: &str = "
    create table public.bystander (
        id uuid primary key,
        organization_id uuid not null references public.organizations (id) on delete cascade);
    create index on public.bystander (organization_id);
    revoke all on public.bystander from public";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("checks")
}

fn ids() -> Vec<String> {
    let entries = fs::read_dir(folder()).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut ids: Vec<String> = folders
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    ids.sort();
    ids
}

/// Whether a check is about the server's version, which no schema changes.
fn decided_by_version(id: &str) -> bool {
    let shipped = tenantctl::check::shipped().unwrap();
    let check = shipped.into_iter().find(|check| check.id == id);
    check.is_some_and(|check| check.engine == tenantctl::check::Engine::Server)
}

fn fixture(id: &str, name: &str) -> String {
    let path = folder().join(id).join(name);
    fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

#[test]
fn every_check_finds_what_it_must_and_nothing_else() {
    let mut ids = ids();
    ids.retain(|id| !decided_by_version(id));
    assert!(ids.len() > 20, "only {} checks", ids.len());
    // What is wrong, and on which versions.
    let wrong: Mutex<BTreeMap<String, Vec<u32>>> = Mutex::default();
    for_each_version(|server| {
        let jobs = ids.iter().filter(|id| has_fixtures(id));
        let jobs = Mutex::new(jobs.flat_map(|id| [(id, "bad.sql"), (id, "good.sql")]));
        let work = || {
            while let Some((id, name)) = next(&jobs) {
                if let Err(why) = try_fixture(server, id, name) {
                    let mut wrong = wrong.lock().unwrap();
                    let versions = wrong.entry(format!("{id}/{name}: {why}"));
                    versions.or_default().push(server.major());
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(work);
            }
        });
    });
    let wrong = wrong.into_inner().unwrap().into_iter();
    let wrong: Vec<String> = wrong
        .map(|(why, on)| format!("{why} (on {on:?})"))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} fixtures:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// A function of its own, so that the lock is free again while the job runs.
fn next<T>(jobs: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    jobs.lock().unwrap().next()
}

/// Loads a fixture into a database of its own and audits it for this one check.
fn try_fixture(server: &Arc<Server>, id: &str, name: &str) -> Result<(), String> {
    let text = fixture(id, name);
    let db = Db::on(server);
    let mut roles = String::new();
    for kind in ROLES {
        let login = if kind == "app" { " login" } else { "" };
        writeln!(roles, "create role {}{login};", db.role(kind)).unwrap();
    }
    db.sql(&roles);
    db.try_sql(&with_roles(&text, &db))
        .map_err(|why| format!("does not load: {why}"))?;
    if db.sql(KEYED).is_empty() {
        db.sql(BYSTANDER);
    }
    db.config(&config(&text, &db.role("app"))?);
    // Only one check runs, so what others would prove may stay open.
    let audit = [
        "audit",
        "--allow-unproven",
        "--fail-on",
        "info",
        "--format",
        "json",
        "--check",
        id,
    ];
    let run = db.tenantctl(audit).run();
    let expected = expected(&text);
    if (name == "bad.sql") == expected.is_empty() {
        return Err("bad.sql, and only it, has lines `-- expect: object [severity]`".to_owned());
    }
    if !matches!(run.code, Some(0 | 1)) {
        return Err(run.text());
    }
    let report = run.json();
    if report["unfinished"]
        .as_array()
        .is_none_or(|left| !left.is_empty())
    {
        return Err(format!("could not run: {}", report["unfinished"]));
    }
    let findings = report["findings"].as_array().ok_or("no findings in JSON")?;
    let found = findings.iter().map(|finding| {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        assert_eq!(text("check"), id, "{finding}");
        (without_roles(&text("object"), &db), text("severity"))
    });
    for finding in findings {
        explained(&db, finding).map_err(|why| format!("{why}: {finding}"))?;
    }
    let wanted_code = i32::from(!expected.is_empty());
    differences(expected, found.collect())?;
    match run.code {
        Some(code) if code == wanted_code => Ok(()),
        code => Err(format!("exit {code:?} instead of {wanted_code}")),
    }
}

/// From low up a finding shows a path that begins with the application's role, statements that the
/// server understands, and how to mend it; a check whose findings may have no path says why.
fn explained(db: &Db, finding: &Value) -> Result<(), String> {
    if finding["severity"] == "info" {
        return Ok(());
    }
    let shipped = tenantctl::check::shipped().unwrap();
    let check = shipped.iter().find(|check| finding["check"] == *check.id);
    let check = check.ok_or("not a check that ships")?;
    let path = finding["path"].as_array().ok_or("no path")?;
    match path.first() {
        None if check.no_path.is_none() => {
            return Err("no path, and no-path does not say why".into());
        }
        Some(first) if first != db.role("app").as_str() => return Err("starts elsewhere".into()),
        Some(_) if path.len() < 2 => return Err("the path goes nowhere".into()),
        _ => {}
    }
    if finding["fix"].as_str().is_none_or(str::is_empty) {
        return Err("no fix".into());
    }
    let evidence = finding["evidence"].as_str().ok_or("no evidence")?;
    // A comment at the end must not swallow what follows.
    match db.try_sql(&format!("begin; {evidence}\n; rollback")) {
        Err(why) if !REFUSED.contains(&why.code.as_str()) => Err(format!("evidence: {why}")),
        _ => Ok(()),
    }
}

/// What the server may answer to evidence that it understands: that the role may not; that a role or a
/// user mapping is not there, because a fixture beside this one has just been taken away; where a
/// fixture has no organization to choose, that there is none; and what a function itself raises.
const REFUSED: [&str; 6] = ["42501", "42704", "22P02", "23502", "23514", "P0001"];

/// What was expected and is missing, what was found and not expected.
fn differences(expected: Vec<Expected>, mut found: Vec<(String, String)>) -> Result<(), String> {
    let mut wrong = Vec::new();
    for (object, severity) in expected {
        let matches = |other: &(String, String)| {
            other.0 == object
                && severity
                    .as_ref()
                    .is_none_or(|severity| *severity == other.1)
        };
        match found.iter().position(matches) {
            Some(index) => {
                found.swap_remove(index);
            }
            None => wrong.push(format!("missing {object} {}", severity.unwrap_or_default())),
        }
    }
    wrong.extend(
        found
            .iter()
            .map(|(object, severity)| format!("not expected: {object} {severity}")),
    );
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("; "))
    }
}

/// The lines `-- expect: object [severity]`.
fn expected(text: &str) -> Vec<Expected> {
    let severities = ["critical", "high", "medium", "low", "info"];
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("-- expect:"));
    lines
        .map(|line| match line.trim().rsplit_once(' ') {
            Some((object, severity)) if severities.contains(&severity) => {
                (object.to_owned(), Some(severity.to_owned()))
            }
            _ => (line.trim().to_owned(), None),
        })
        .collect()
}

/// The configuration that most fixtures have, with the lines `-- config: …` merged over it. Keys
/// before the first table's header are [tenancy]'s.
fn config(text: &str, app: &str) -> Result<String, String> {
    let mut config: toml::Table = format!(
        "[tenancy]\nkey = 'organization_id'\nkey_type = 'uuid'\n\
         context = 'app.current_organization_id'\nregistry = 'public.organizations'\n\
         registry_id = 'id'\napp_role = '{app}'\nschemas = ['public']\n"
    )
    .parse()
    .map_err(|why| format!("{why}"))?;
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("-- config: "));
    let own: Vec<&str> = lines.collect();
    let own: toml::Table = own.join("\n").parse().map_err(|why| format!("{why}"))?;
    for (key, value) in own {
        let (table, own) = match value {
            toml::Value::Table(own) => (key, own),
            value => ("tenancy".to_owned(), toml::Table::from_iter([(key, value)])),
        };
        let table = config
            .entry(table)
            .or_insert_with(|| toml::Table::new().into());
        let table = table.as_table_mut().ok_or("not a table")?;
        table.extend(own);
    }
    Ok(config.to_string())
}

/// Puts this test's role names in place of `:app`, `:owner`, `:other`, `:admin`.
fn with_roles(text: &str, db: &Db) -> String {
    let mut text = text.to_owned();
    for kind in ROLES {
        let (placeholder, role) = (format!(":{kind}"), db.role(kind));
        let mut replaced = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(&placeholder) {
            let (before, after) = (&rest[..at], &rest[at + placeholder.len()..]);
            // Neither a cast nor a longer word.
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let stands_alone = !before.ends_with(':') && !after.starts_with(word);
            replaced.push_str(before);
            replaced.push_str(if stands_alone { &role } else { &placeholder });
            rest = after;
        }
        text = replaced + rest;
    }
    text
}

fn without_roles(object: &str, db: &Db) -> String {
    let mut object = object.to_owned();
    for kind in ROLES {
        object = object.replace(&db.role(kind), &format!(":{kind}"));
    }
    object
}

/// No schema can make a server's version good or bad: that check is tested beside its list.
fn has_fixtures(id: &str) -> bool {
    let engine = |check: &str| check.lines().any(|line| line == "-- engine: server");
    !engine(&fixture(id, "check.sql"))
}

#[test]
fn a_check_is_a_folder_with_a_query_and_both_fixtures() {
    assert!(ids().iter().filter(|id| !has_fixtures(id)).count() <= 1);
    for id in ids().into_iter().filter(|id| has_fixtures(id)) {
        let mut files: Vec<String> = fs::read_dir(folder().join(&id))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        // A flaw of the server's own version cannot be loaded; its data is tested where it is read.
        if decided_by_version(&id) {
            assert_eq!(files, ["check.sql", "cves.toml"], "in {id}");
            continue;
        }
        assert_eq!(files, ["bad.sql", "check.sql", "good.sql"], "in {id}");
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(id.chars().all(kebab), "{id} is not kebab-case");
        // The same file under two names would test one of them.
        assert_ne!(fixture(&id, "bad.sql"), fixture(&id, "good.sql"), "{id}");
    }
}

#[test]
fn every_folder_ships_and_nothing_else() {
    let shipped = tenantctl::check::shipped().unwrap();
    let shipped: Vec<String> = shipped.into_iter().map(|check| check.id).collect();
    assert_eq!(shipped, ids(), "sorted and unique, one a folder");
}

#[test]
fn every_header_says_why_and_where_it_is_documented() {
    let mut whys = BTreeMap::new();
    for check in tenantctl::check::shipped().unwrap() {
        let id = check.id;
        let words = check.why.split_whitespace().count();
        assert!(words >= 15, "{id}: why is {words} words");
        assert!(check.why.ends_with('.'), "{id}: why is not sentences");
        assert!(!check.title.ends_with('.'), "{id}: title has a full stop");
        let source = check.source.unwrap_or_default();
        let known = source.starts_with("https://") || source.starts_with("CVE-");
        assert!(known, "{id}: source is \"{source}\"");
        if let Some(other) = whys.insert(check.why, id.clone()) {
            panic!("{id} and {other} have the same why");
        }
    }
}

#[test]
fn a_setting_that_is_not_set_is_an_error_in_every_check() {
    for check in tenantctl::check::shipped().unwrap() {
        let sql: String = check.sql.to_lowercase().split_whitespace().collect();
        assert!(
            !sql.contains("',true)"),
            "{}: current_setting(…, true) turns a mistake into silence",
            check.id
        );
        assert!(sql.contains("orderby"), "{}: no order by", check.id);
    }
}

#[test]
fn placeholders_are_words_and_not_casts() {
    let db = Db::new();
    let (app, other) = (db.role("app"), db.role("other"));
    assert_eq!(
        with_roles("grant :other to :app; select x::other, ':app', :apple", &db),
        format!("grant {other} to {app}; select x::other, '{app}', :apple")
    );
    assert_eq!(without_roles(&app, &db), ":app");
}

#[test]
fn configuration_lines_go_over_the_usual_ones() {
    let text = "-- config: schemas = [\"shop\"]\n-- config: [tables.via]\n\
                -- config: \"a.b\" = \"c -> a.d.e\"\ncreate table x ();";
    let config: toml::Table = config(text, "app").unwrap().parse().unwrap();
    assert_eq!(config["tenancy"]["schemas"][0].as_str(), Some("shop"));
    assert_eq!(config["tenancy"]["key"].as_str(), Some("organization_id"));
    assert_eq!(config["tables"]["via"]["a.b"].as_str(), Some("c -> a.d.e"));
}

#[test]
fn a_difference_is_a_failure() {
    let expected = || vec![("public.a".to_owned(), Some("high".to_owned()))];
    let found = |object: &str, severity: &str| vec![(object.to_owned(), severity.to_owned())];
    assert_eq!(differences(expected(), found("public.a", "high")), Ok(()));
    for wrong in [found("public.a", "low"), found("public.b", "high"), vec![]] {
        assert!(differences(expected(), wrong).is_err());
    }
    assert!(differences(vec![], found("public.a", "info")).is_err());
}

/// What the documents promise: a query runs by hand, after the settings that `checks show` prints.
#[test]
fn every_query_can_be_pasted_after_its_settings() {
    let db = Db::new();
    db.isolated_shop();
    for id in ids() {
        let show = db.tenantctl(["checks", "show", &id, "--set"]).run();
        let shown = show.expect_code(0).stdout;
        let at = shown.find("\nset search_path").unwrap();
        let pasted = &shown[at..];
        assert!(
            pasted.contains("set tenantctl.tenant_tables = "),
            "{pasted}"
        );
        let query = fixture(&id, "check.sql");
        let mut body = query.lines().filter(|line| !line.starts_with("--"));
        assert!(pasted.contains(body.next().unwrap()), "{id}: {pasted}");
        assert!(pasted.trim_end().ends_with(';'), "{id}: {pasted}");
        db.sql(pasted);
    }
}
