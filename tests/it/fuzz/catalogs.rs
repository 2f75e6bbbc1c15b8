//! Odd databases on a real server, audited.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::oddities::{Maker, ident};
use super::seeds;
use crate::support::{Db, Outcome, Server, Session};
use tenantctl::sandbox::Options;

const USUAL: u64 = 4;
/// Statements of a database.
const STEPS: usize = 120;

/// What a value shows when it is printed for its developer.
const DEBUG: [&str; 8] = [
    "Some(",
    "Err(",
    "Error {",
    "RefCell",
    "Oid(",
    "Relation {",
    "Expr::",
    "kind: ",
];

/// Runs statements, each by itself; how many were done. A server that ended a session is back soon.
fn odd(db: &Db, maker: &mut Maker<'_>, log: &mut Vec<String>) -> usize {
    let open = || {
        let session = (0..100).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            Session::open(&db.url()).ok()
        });
        let session = session.expect("the server comes back");
        session.sql("set statement_timeout = '5s'; set check_function_bodies = off; set allow_system_table_mods = on");
        session
    };
    let mut session = open();
    let mut done = 0;
    for _ in 0..STEPS {
        for statement in maker.next().split('\0') {
            match session.ask(statement) {
                Ok(_) => {
                    done += 1;
                    log.push(statement.to_owned());
                }
                Err(why) if why.code.is_empty() => session = open(),
                Err(_) => {
                    let _ = session.ask("rollback");
                }
            }
        }
    }
    done
}

/// The configuration, as a program would write it.
fn config(registry: &str, app: &str, key: &str) -> String {
    let table = toml::toml! {
        [tenancy]
        key_type = "uuid"
        context = "app.t"
    };
    let mut whole = table;
    let tenancy = whole["tenancy"].as_table_mut().unwrap();
    for (name, value) in [("registry", registry), ("app_role", app), ("key", key)] {
        tenancy.insert(name.to_owned(), value.into());
    }
    toml::to_string(&whole).unwrap()
}

fn judge(run: &Outcome) -> Result<(), String> {
    let said = format!("{}\n{}", run.stdout, run.stderr);
    if !matches!(run.code, Some(0 | 1 | 3 | 4)) || said.contains("panicked at") {
        return Err(format!("exit {:?}\n{said}", run.code));
    }
    match DEBUG.iter().find(|word| said.contains(**word)) {
        Some(word) => Err(format!("it shows {word}\n{said}")),
        None => Ok(()),
    }
}

/// Makes an odd database and audits it twice; the exit code of the first.
fn database(seed: u64) -> Option<i32> {
    let server = Server::own(Options::default());
    let db = Db::on(&server);
    let mut rng = StdRng::seed_from_u64(seed);
    let apps = ["app", "App \"x\"", "new\nline", "select", "äpp"];
    let keys = ["organization_id", "Key \"k\"", "user", "k\tk"];
    let app = apps.choose(&mut rng).copied().unwrap_or_default();
    let key = keys.choose(&mut rng).copied().unwrap_or_default();
    db.sql(&format!(
        "create role {app} login;
         create table public.registry (id uuid primary key);
         create table public.registry_sane (id int, {key} uuid references public.registry);
         grant all on public.registry, public.registry_sane to {app}",
        app = ident(app),
        key = ident(key),
    ));
    db.config(&config("public.registry", app, key));
    let mut log = Vec::new();
    let mut maker = Maker::new(&mut rng, app, key);
    let done = odd(&db, &mut maker, &mut log);
    assert!(
        done > STEPS / 4,
        "seed {seed}: only {done} statements were done"
    );
    let text = db.tenantctl(["audit", "--details"]).run();
    let json = db.tenantctl(["audit", "--format", "json"]).run();
    for run in [&text, &json] {
        if let Err(why) = judge(run) {
            panic!("seed {seed}: {why}\nafter:\n{}", log.join(";\n"));
        }
    }
    if json.code != Some(3) {
        json.json();
    }
    assert_eq!(text.code, json.code, "seed {seed}");
    eprintln!(
        "seed {seed}: {done} statements, exit {:?} {}",
        json.code,
        json.stderr.trim()
    );
    text.code
}

#[test]
fn an_odd_database_is_audited_without_a_panic() {
    let codes: Vec<Option<i32>> = seeds(USUAL, 1).map(database).collect();
    // Where nothing can be read nothing is shown.
    let read = codes.iter().filter(|code| **code != Some(3)).count();
    assert!(read > 0, "{codes:?}");
}
