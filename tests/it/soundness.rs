//! Whatever the proof calls *proved* must hold on a real server, and whatever it calls *leaking* must
//! leak: made-up policies, judged, then run against rows of every kind.
//!
//! `TENANTCTL_SOUNDNESS=N` tries N policies of each key type instead of the usual number;
//! `TENANTCTL_SEED=S` tries others, or repeats a run.

mod kinds;
mod policies;
mod setup;

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tenantctl::catalog::{self, Snapshot};
use tenantctl::paths::Powers;
use tenantctl::predicate::{Answer, Leak, Need, Prover, Situation, Written, WrittenValue};
use tenantctl::settings::{self, Overrides, Settings};
use tenantctl::tenancy::Tenancy;

use crate::support::{Db, Session};
use kinds::Kind;
use policies::TABLE;
use setup::Links;

const USUAL: usize = 100;
/// A test run is the same every time; longer runs are given seeds of their own.
const SEED: u64 = 7;
/// Tables that are made and judged at once.
const BATCH: usize = 50;

const SITUATIONS: [Situation; 4] = [
    Situation::OtherTenant,
    Situation::NoContext,
    Situation::EmptyContext,
    Situation::NoKey,
];

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

/// One way for a session to be.
#[derive(Clone, Copy)]
struct Way {
    situation: Situation,
    tenant: &'static str,
    /// What the other setting is, if it was ever set.
    other: Option<&'static str>,
}

impl Way {
    fn all(kind: &Kind) -> Vec<Self> {
        let mut all = Vec::new();
        for situation in SITUATIONS {
            let with_context = matches!(situation, Situation::OtherTenant | Situation::NoKey);
            let contexts = if with_context {
                kind.tenants
            } else {
                &kind.tenants[..1]
            };
            for tenant in contexts {
                let values = kind.tenants.iter().copied().chain(["on"]).map(Some);
                all.extend(values.chain([None]).map(|other| Self {
                    situation,
                    tenant,
                    other,
                }));
            }
        }
        all
    }

    /// Which of the sessions; a setting that was ever set is never unset again.
    fn session(&self) -> usize {
        let context = usize::from(self.situation != Situation::NoContext);
        context * 2 + usize::from(self.other.is_some())
    }

    fn enter(&self) -> String {
        let context = match self.situation {
            Situation::OtherTenant | Situation::NoKey => {
                format!("set app.t = '{}';", self.tenant)
            }
            Situation::EmptyContext => "set app.t = '';".to_owned(),
            Situation::NoContext => String::new(),
        };
        let other = self
            .other
            .map(|value| format!("set app.other = '{value}';"));
        format!("{context} {}", other.unwrap_or_default())
    }

    /// Rows that should not be seen.
    fn foreign(&self, kind: &Kind) -> String {
        match self.situation {
            Situation::OtherTenant => format!("tenant <> '{}'::{}", self.tenant, kind.sql),
            Situation::NoContext | Situation::EmptyContext => "tenant is not null".to_owned(),
            Situation::NoKey => "tenant is null".to_owned(),
        }
    }

    /// What the application writes first, for each tenant or row that it may want.
    fn before(&self, kind: &Kind, written: &Written) -> Vec<String> {
        let of_row = written
            .columns
            .iter()
            .any(|column| matches!(column.to, WrittenValue::OfRow(_)));
        let others = kind.tenants.iter().filter(|tenant| **tenant != self.tenant);
        others
            .map(|other| {
                let text = written.render(&|column| match &column.to {
                    WrittenValue::Context => format!("'{}'", self.tenant),
                    WrittenValue::Other => format!("'{other}'"),
                    WrittenValue::OfRow(_) => "row.id".to_owned(),
                    WrittenValue::Constant(text) => format!("'{text}'"),
                    WrittenValue::Expression(sql) => sql.clone(),
                });
                match (of_row, text.split_once(" VALUES (")) {
                    (true, Some((insert, values))) => {
                        let values = values.strip_suffix(')').unwrap();
                        format!("{insert} select {values} from generate_series(1, 1000) row (id)")
                    }
                    _ => text,
                }
            })
            .collect()
    }
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

    /// What to look for in a way; nothing where it cannot contradict.
    fn jobs(&self, number: usize, way: &Way, kind: &Kind) -> Vec<Value> {
        let job = |before: Option<String>| json!({"number": number, "table": self.name, "where": way.foreign(kind), "before": before});
        match &self.answer {
            Answer::Unproven(_) => Vec::new(),
            Answer::Proved(_) | Answer::Denied => vec![job(None)],
            Answer::Leaking(leak) if leak.situation != way.situation || self.shown => Vec::new(),
            Answer::Leaking(Leak { written, .. }) => match written.first() {
                None => vec![job(None)],
                Some(written) => {
                    let before = way.before(kind, written);
                    before.into_iter().map(|before| job(Some(before))).collect()
                }
            },
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
        for links in [Links::Sound, Links::None, Links::Anything] {
            self.admin.sql(&setup::fill(self.kind, &self.app, links));
            self.look(seed, &mut cases, links);
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

    /// What is proved without a word of the tables of links holds whatever they say; what trusts
    /// them, while they say what a team would write. A leak may need any of them.
    fn look(&self, seed: u64, cases: &mut [Case], links: Links) {
        for way in Way::all(self.kind) {
            let jobs: Vec<Value> = cases
                .iter()
                .enumerate()
                .filter(|(_, case)| match case.answer {
                    Answer::Proved(_) | Answer::Denied if !case.is_trusting() => {
                        links == Links::Anything
                    }
                    Answer::Proved(_) => links == Links::Sound,
                    _ => true,
                })
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
