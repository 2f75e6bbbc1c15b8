//! Whatever the proof calls *proved* must hold on a real server, and whatever it calls *leaking* must
//! leak: made-up policies, judged, then run against rows of every kind.
//!
//! `TENANTCTL_SOUNDNESS=N` tries N policies of each key type instead of the usual number;
//! `TENANTCTL_SEED=S` tries others, or repeats a run.

mod kinds;
mod policies;
mod setup;
mod way;

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tenantctl::catalog::{self, Snapshot};
use tenantctl::paths::Powers;
use tenantctl::predicate::{Answer, Leak, Need, Prover, Situation};
use tenantctl::settings::{self, Overrides, Settings};
use tenantctl::tenancy::Tenancy;

use crate::support::{Db, Session};
use kinds::Kind;
use policies::TABLE;
use setup::Links;
use way::Way;

const USUAL: usize = 100;
/// A test run is the same every time; longer runs are given seeds of their own.
const SEED: u64 = 7;
/// Tables that are made and judged at once.
const BATCH: usize = 50;

fn read(url: &str) -> Snapshot {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let config: tokio_postgres::Config = url.parse().unwrap();
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        catalog::begin(&client).await.unwrap();
        let snapshot = catalog::load(&client).await.unwrap();
        drop(client);
        let _ = connection.await;
        snapshot
    })
}

/// One table and what was said of it.
struct Case {
    name: String,
    policies: String,
    answer: Answer,
    shown: bool,
}

impl Case {
    /// Whether what was said hangs on what tables of links hold.
    fn is_trusting(&self) -> bool {
        matches!(&self.answer, Answer::Proved(reason) if reason.contains("as far as"))
    }

    /// What is proved without a word of the tables of links holds whatever they say; what trusts
    /// them, while they say what a team would write. A leak may need any of them.
    fn is_wanted(&self, links: Links) -> bool {
        match &self.answer {
            Answer::Unproven(_) => false,
            Answer::Leaking(_) => !self.shown,
            _ if self.is_trusting() => matches!(links, Links::Sound | Links::None),
            _ => links == Links::Anything,
        }
    }

    /// What to look for in a way; nothing where it cannot contradict.
    fn jobs(&self, number: usize, way: &Way, kind: &Kind) -> Vec<Value> {
        let job = |before: Option<String>| json!({"number": number, "table": self.name, "where": way.foreign(kind), "before": before});
        let few = |other: &str| kind.tenants[..2].contains(&other) || other == "on";
        match &self.answer {
            Answer::Unproven(_) => Vec::new(),
            // Rows of nobody are looked for together with rows of others.
            Answer::Proved(_) | Answer::Denied if way.situation == Situation::NoKey => Vec::new(),
            Answer::Proved(_) | Answer::Denied if !way.other.is_none_or(few) => Vec::new(),
            Answer::Proved(_) | Answer::Denied => {
                let place = match way.situation {
                    Situation::OtherTenant => way.foreign(kind).replace("<>", "is distinct from"),
                    _ => way.foreign(kind),
                };
                vec![json!({"number": number, "table": self.name, "where": place})]
            }
            Answer::Leaking(leak) if leak.situation != way.situation || self.shown => Vec::new(),
            Answer::Leaking(Leak { written, .. }) if written.is_empty() => vec![job(None)],
            Answer::Leaking(Leak { written, .. }) => {
                let before = way.before(kind, written);
                before.into_iter().map(|before| job(Some(before))).collect()
            }
        }
    }
}

/// A database for one key type, and what the tables in it are judged by.
struct Bench {
    kind: &'static Kind,
    db: Db,
    app: String,
    settings: Settings,
    names: Vec<String>,
    /// The administrator's.
    admin: Session,
    /// Of the application: no setting, the other one, the context, both.
    sessions: Vec<Session>,
}

impl Bench {
    fn new(kind: &'static Kind) -> Self {
        let db = Db::new();
        let app = db.role("app");
        let names: Vec<String> = (0..BATCH).map(|n| format!("public.t{n}")).collect();
        let admin = Session::open(&db.url()).unwrap();
        admin.sql(&format!(
            "create role {app} login password 'secret';
             {} create table public.registry (id {} primary key);",
            kind.setup, kind.sql
        ));
        admin.sql(&setup::tables(kind, &names, &app));
        admin.sql(&setup::links(kind, &app));
        admin.sql(setup::SHOWN);
        admin.sql("analyze");
        let config = db.config(&format!(
            "[tenancy]\nkey = 'tenant'\nkey_type = '{}'\ncontext = 'app.t'\nregistry = 'public.registry'\napp_role = '{app}'\n",
            kind.key_type
        ));
        let overrides = Overrides {
            config: Some(config),
            ..Overrides::default()
        };
        let settings = settings::load(&overrides).unwrap();
        let open = |_| Session::open(&db.url_as(&app, "secret")).unwrap();
        let sessions = (0..4).map(open).collect();
        Self {
            kind,
            db,
            app,
            settings,
            names,
            admin,
            sessions,
        }
    }

    /// Puts policies on the tables, judges them, compares.
    fn batch(&self, seed: u64, made: &[String]) -> Vec<Case> {
        let used: Vec<_> = self.names.iter().zip(made).collect();
        let all: String = used
            .iter()
            .map(|(name, policies)| policies.replace(TABLE, name))
            .collect();
        self.admin.sql(&all);
        let snapshot = read(&self.db.url());
        let tenancy = Tenancy::resolve(&snapshot, &self.settings).unwrap();
        let role = tenancy.app.unwrap().oid;
        let prover = Prover::new(&tenancy, role, Powers::of(&snapshot, role).held);
        let mut cases: Vec<Case> = used
            .iter()
            .map(|(name, policies)| Case {
                name: (*name).clone(),
                policies: (*policies).clone(),
                answer: prover.judge(snapshot.find_verbatim(name).unwrap(), Need::Select),
                shown: false,
            })
            .collect();
        for links in [
            Links::Sound,
            Links::None,
            Links::Some("tenant"),
            Links::Some("org"),
            Links::Memberless,
            Links::Anything,
            Links::AnythingBut("tenant"),
            Links::AnythingBut("org"),
        ] {
            let wanted = |case: &Case| case.is_wanted(links);
            if cases.iter().any(wanted) {
                self.admin.sql(&setup::fill(self.kind, &self.app, links));
                self.look(seed, &mut cases, links);
            }
        }
        let hidden = cases
            .iter()
            .find(|case| !case.shown && matches!(case.answer, Answer::Leaking(_)));
        if let Some(case) = hidden {
            panic!(
                "seed {seed}, {} keys: nothing although {:?}\n{}",
                self.kind.sql, case.answer, case.policies
            );
        }
        let drop: String = used
            .iter()
            .flat_map(|(name, _)| {
                ["p0", "p1", "r"].map(|policy| format!("drop policy if exists {policy} on {name};"))
            })
            .collect();
        self.admin
            .sql(&format!("set client_min_messages = error; {drop}"));
        cases
    }

    fn look(&self, seed: u64, cases: &mut [Case], links: Links) {
        for way in Way::all(self.kind) {
            let jobs: Vec<Value> = cases
                .iter()
                .enumerate()
                .filter(|(_, case)| case.is_wanted(links))
                .flat_map(|(number, case)| case.jobs(number, &way, self.kind))
                .collect();
            if jobs.is_empty() {
                continue;
            }
            let session = &self.sessions[way.session()];
            let rows = session.sql(&format!(
                "{} select public.shown($jobs${}$jobs$)",
                way.enter(),
                Value::from(jobs)
            ));
            let numbers = rows.last().unwrap()[0].clone().unwrap();
            for number in numbers.split_whitespace() {
                let case = &mut cases[number.parse::<usize>().unwrap()];
                case.shown = true;
                assert!(
                    matches!(case.answer, Answer::Leaking(_)),
                    "seed {seed}, {} keys: rows {} (context {}, other {:?}) although {:?}\n{}",
                    self.kind.sql,
                    way.situation.words(),
                    way.tenant,
                    way.other,
                    case.answer,
                    case.policies
                );
            }
        }
    }
}

fn run(kind: &'static Kind) {
    let (seed, count) = wanted();
    let mut rng = StdRng::seed_from_u64(seed);
    let bench = Bench::new(kind);
    for made in policies::alone(kind).chunks(BATCH) {
        bench.batch(seed, made);
    }
    let [mut proved, mut trusting, mut leaking, mut unproven] = [0; 4];
    for first in (0..count).step_by(BATCH) {
        let size = BATCH.min(count - first);
        let made: Vec<String> = (0..size)
            .map(|_| policies::policies(&mut rng, kind))
            .collect();
        for case in bench.batch(seed, &made) {
            match &case.answer {
                Answer::Proved(_) if case.is_trusting() => trusting += 1,
                Answer::Proved(_) | Answer::Denied => proved += 1,
                Answer::Leaking(_) => leaking += 1,
                Answer::Unproven(reason) => {
                    unproven += 1;
                    if std::env::var_os("TENANTCTL_UNPROVEN").is_some() {
                        eprintln!("UNPROVEN {reason}\n{}", case.policies);
                    }
                }
            }
        }
    }
    let tally = format!(
        "{proved} proved, {trusting} proved as far as tables say, {leaking} leaking, {unproven} unproven"
    );
    eprintln!("{} keys, seed {seed}: {tally}", kind.sql);
    // A prover that never commits itself contradicts nothing, and is worth nothing.
    assert!(
        proved + trusting > count / 20 && leaking > count / 4,
        "{tally}"
    );
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable)
        .ok()
        .map(|value| value.parse().unwrap())
}

fn wanted() -> (u64, usize) {
    let seed = number("TENANTCTL_SEED").unwrap_or(SEED);
    let count =
        number("TENANTCTL_SOUNDNESS").map_or(USUAL, |count| usize::try_from(count).unwrap());
    (seed, count)
}

#[test]
fn what_is_proved_of_uuid_keys_holds() {
    run(&kinds::UUID);
}

#[test]
fn what_is_proved_of_text_keys_holds() {
    run(&kinds::TEXT);
}

#[test]
fn what_is_proved_of_bigint_keys_holds() {
    run(&kinds::BIGINT);
}

#[test]
fn what_is_proved_of_numeric_keys_holds() {
    run(&kinds::NUMERIC);
}

#[test]
fn what_is_proved_of_enum_keys_holds() {
    run(&kinds::ENUM);
}

#[test]
fn what_is_proved_of_padded_keys_holds() {
    run(&kinds::PADDED);
}

#[test]
fn what_is_proved_of_varchar_keys_holds() {
    run(&kinds::VARCHAR);
}
