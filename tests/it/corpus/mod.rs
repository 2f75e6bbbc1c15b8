//! The leak corpus: each case is loaded, its truth shown by its own exploit, then audited and probed;
//! what they say is compared with the truth, and nothing may stay behind.

mod case;
mod closed;
mod judge;
mod provision;
mod script;
mod trace;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tenantctl::sandbox::{Options, Wanted};

use crate::support::{Db, Server, Session, servers_named, tell, versions};
use case::{Case, Detect, Expected, Truth};
use judge::{Said, fail_on, judge, owed};

/// More than processors: most of the time is waiting for the server.
const AT_ONCE: usize = 3;

/// What is done with each case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Audit,
    AuditAndProbe,
    /// Applied, and reverted.
    Provision,
}

/// A server of the corpus' own: its cases make roles, and one copies the whole cluster.
fn server(major: u32) -> std::sync::Arc<Server> {
    Server::own(Options {
        wanted: Wanted {
            major: Some(major),
            ..Wanted::default()
        },
        replication: true,
        ..Options::default()
    })
}

/// Loads a case and shows its truth; says what was not shown.
fn truth(case: &Case, db: &Db) -> Result<(), String> {
    let loaded = script::run(&db.session(), &case.read("schema.sql"));
    loaded.map_err(|why| format!("schema.sql: {why}"))?;
    let url = db.url_as(&case.role, &case.role);
    let text = case.read("exploit.sql");
    let shown = if script::needs_psql(&text) {
        let path = case.folder.join("exploit.sql");
        match script::by_psql(db.server(), (&url, &case.role), &path.to_string_lossy()) {
            Some(shown) => shown,
            None => {
                tell(&format!("{}: not shown, there is no psql", case.id));
                return Ok(());
            }
        }
    } else {
        let session = Session::open(&url).map_err(|why| why.to_string())?;
        script::run(&session, &text).map(Option::unwrap_or_default)
    };
    let shown = shown.map_err(|why| format!("exploit.sql: {why}"))?;
    let facts: i64 = shown
        .parse()
        .map_err(|_| format!("exploit.sql ends with {shown:?}, not with a number"))?;
    match case.verdict {
        Truth::Leak if facts <= 0 => Err(format!("a leak, but the exploit obtained {facts}")),
        Truth::Clean if facts != 0 => Err(format!("clean, but the exploit obtained {facts}")),
        _ => Ok(()),
    }
}

/// What a command says of a case, and what it said it with.
fn say(case: &Case, db: &Db, by: Detect) -> (Said, String) {
    let command = match by {
        Detect::Static => "audit",
        Detect::Dynamic => "probe",
    };
    let config = case.folder.join("tenantctl.toml");
    let mut run = db.tenantctl([
        command,
        "--format",
        "json",
        "--fail-on",
        fail_on(case).word(),
    ]);
    run = run.args(["--config", &config.to_string_lossy()]);
    if by == Detect::Dynamic {
        run = run.args(["--app-url", &db.url_as(&case.role, &case.role)]);
    }
    let run = run.run();
    // What a probe shows may be another hole that the same mistake opens; audit names the mistake.
    let named = |class| by == Detect::Dynamic || class == case.class;
    (judge(case, &run, named), judge::outline(&run))
}

/// What is wrong with one case, in lines.
fn examine(
    case: &Case,
    server: &std::sync::Arc<Server>,
    depth: Depth,
    known: Option<&Expected>,
) -> Vec<String> {
    if depth == Depth::Provision {
        return provision::examine(case, server);
    }
    let db = Db::on(server);
    let mut wrong = Vec::new();
    if let Err(why) = truth(case, &db) {
        return vec![why];
    }
    let session = db.session();
    let before = trace::take(&session, &case.role);
    let mut found = case.verdict == Truth::Clean;
    for by in [Detect::Static, Detect::Dynamic] {
        if by == Detect::Dynamic && depth == Depth::Audit {
            break;
        }
        let (said, text) = say(case, &db, by);
        found |= matches!(said, Said::Found | Said::Misnamed);
        wrong.extend(compare(case, by, said, known).map(|why| format!("{why}\n{text}")));
    }
    if !found && known.is_none() && depth == Depth::AuditAndProbe {
        wrong.push("neither audit nor probe found the leak".to_owned());
    }
    let left = trace::difference(&before, &trace::take(&session, &case.role));
    if !left.is_empty() {
        wrong.push(format!("left behind:\n{}", left.join("\n")));
    }
    wrong
}

/// Why what a command said is not what it owes, or not what is known of it.
fn compare(case: &Case, by: Detect, said: Said, known: Option<&Expected>) -> Option<String> {
    let listed = known.and_then(|known| match by {
        Detect::Static => known.audit.as_deref(),
        Detect::Dynamic => known.probe.as_deref(),
    });
    let owed = owed(case, by);
    match listed {
        _ if said == Said::Failed => Some(format!("{by:?}: it did not finish")),
        Some(_) if owed == Some(said) => Some(format!(
            "{by:?}: {}, as it should be: take it out of expected.toml",
            said.word()
        )),
        Some(word) if word != said.word() => Some(format!(
            "{by:?}: {}, expected.toml says {word}",
            said.word()
        )),
        None if owed.is_some_and(|owed| owed != said) => Some(format!("{by:?}: {}", said.word())),
        _ => None,
    }
}

/// Runs these cases, a few at once; fails with what is wrong with each of them.
fn run(cases: &[Case], major: u32, depth: Depth) {
    let server = server(major);
    let expected = case::expected();
    let failures = Mutex::new(Vec::new());
    let examine = |case: &Case| {
        let known = expected.get(&case.id);
        let wrong = catch_unwind(AssertUnwindSafe(|| examine(case, &server, depth, known)));
        let wrong = wrong.unwrap_or_else(|_| vec!["the test itself panicked".to_owned()]);
        let told = wrong.into_iter().map(|why| format!("{}: {why}", case.id));
        failures.lock().unwrap().extend(told);
    };
    // What needs more than a session may look at the whole cluster (a base backup does), and that
    // fails where a database vanishes meanwhile.
    let (alone, together): (Vec<_>, Vec<_>) = cases
        .iter()
        .partition(|case| script::needs_psql(&case.read("exploit.sql")));
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(case) = together.get(next.fetch_add(1, Ordering::Relaxed)) {
            examine(case);
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    alone.into_iter().for_each(examine);
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    assert!(
        failures.is_empty(),
        "on PostgreSQL {major}:\n{}",
        failures.join("\n\n")
    );
}

fn those(truth: Truth, major: u32) -> Vec<Case> {
    let mut cases = case::all();
    cases.retain(|case| case.verdict == truth && case.min_pg <= major);
    assert!(!cases.is_empty());
    cases
}

/// The version that audit and probe are compared on.
fn usual() -> u32 {
    crate::support::server().major()
}

#[test]
fn every_leak_is_shown_and_found() {
    run(&those(Truth::Leak, usual()), usual(), Depth::AuditAndProbe);
}

#[test]
fn no_clean_case_is_accused() {
    run(&those(Truth::Clean, usual()), usual(), Depth::AuditAndProbe);
}

#[test]
fn what_is_applied_closes_and_what_is_reverted_is_as_before() {
    let mut cases = case::all();
    cases.retain(|case| case.min_pg <= usual());
    run(&cases, usual(), Depth::Provision);
}

#[test]
fn the_catalogs_say_the_same_on_other_versions() {
    let others: Vec<u32> = versions()
        .iter()
        .map(|(major, _)| *major)
        .filter(|major| *major != usual())
        .collect();
    for (major, server) in versions() {
        match server {
            _ if major == usual() => {}
            Ok(_) => {
                // Each version takes its share of the cases, so that together they take all.
                let share = others.iter().position(|other| *other == major);
                let cases = case::all().into_iter().enumerate();
                let cases: Vec<Case> = cases
                    .filter(|(at, case)| case.min_pg <= major && Some(at % others.len()) == share)
                    .map(|(_, case)| case)
                    .collect();
                run(&cases, major, Depth::Audit);
            }
            Err(why) => assert!(!servers_named(), "PostgreSQL {major}: {why}"),
        }
    }
}

#[test]
fn every_case_keeps_to_the_format() {
    let cases = case::all();
    for case in &cases {
        assert_eq!(case.faults(), [""; 0], "{}", case.id);
    }
    // Roles are the cluster's: no case may own the beginning of another's.
    for one in &cases {
        let inside = format!("{}_", one.role);
        let other = cases.iter().find(|other| other.role.starts_with(&inside));
        assert!(
            other.is_none(),
            "{} begins {:?}",
            one.role,
            other.map(|other| &other.id)
        );
    }
}

#[test]
fn what_is_known_to_be_wrong_is_explained_and_little() {
    let cases = case::all();
    let expected = case::expected();
    for (id, known) in &expected {
        assert!(cases.iter().any(|case| case.id == *id), "no case {id}");
        assert!(!known.reason.is_empty(), "{id}: no reason");
        assert!(
            known.audit.is_some() || known.probe.is_some(),
            "{id}: nothing is expected"
        );
    }
    let clean = cases.iter().filter(|case| case.verdict == Truth::Clean);
    let unproven = |case: &&Case| {
        expected
            .get(&case.id)
            .is_some_and(|known| known.audit.is_some())
    };
    let (known, rest): (Vec<_>, Vec<_>) = clean.partition(unproven);
    assert!(
        known.len() * 9 <= rest.len(),
        "more than a tenth of the clean cases are not proved"
    );
}
