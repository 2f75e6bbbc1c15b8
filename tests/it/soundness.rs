//! Whatever the proof calls *proved* must hold on a real server, and whatever it calls *leaking* must
//! leak: made-up policies, judged, then run against rows of every kind.
//!
//! `TENANTCTL_SOUNDNESS=N` tries N policies of each key type instead of the usual number;
//! `TENANTCTL_SEED=S` tries others, or repeats a run.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tenantctl::paths::Powers;
use tenantctl::predicate::{Answer, Leak, Need, Prover, Situation};
use tenantctl::settings::{self, Overrides, Settings};
use tenantctl::tenancy::Tenancy;

use crate::support::{Db, Session, snapshot};

const USUAL: usize = 200;
/// A test run is the same every time; longer runs are given seeds of their own.
const SEED: u64 = 7;
/// Tables that are made and judged at once.
const BATCH: usize = 100;

/// Stands for the table in a policy.
const TABLE: &str = "the_table";

const SITUATIONS: [Situation; 4] = [
    Situation::OtherTenant,
    Situation::NoContext,
    Situation::EmptyContext,
    Situation::NoKey,
];

/// A key type with values that are told apart only by those who compare exactly.
struct Kind {
    sql: &'static str,
    /// Each is the context once.
    tenants: &'static [&'static str],
    atoms: &'static [&'static str],
}

const UUID: Kind = Kind {
    sql: "uuid",
    tenants: &[
        "aaaaaaaa-0000-4000-8000-000000000001",
        "bbbbbbbb-0000-4000-8000-000000000002",
        "cccccccc-0000-4000-8000-000000000003",
    ],
    atoms: &[
        "tenant = nullif(current_setting('app.t', true), '')::uuid",
        "tenant = (select nullif(current_setting('app.t', true), '')::uuid)",
        "tenant = current_setting('app.t')::uuid",
        "tenant::text = current_setting('app.t', true)",
        "lower(tenant::text) = current_setting('app.t', true)",
        "tenant <> nullif(current_setting('app.t', true), '')::uuid",
        "tenant is not distinct from nullif(current_setting('app.t', true), '')::uuid",
        "tenant = any (array[nullif(current_setting('app.t', true), '')::uuid, null])",
        "tenant in (nullif(current_setting('app.t', true), '')::uuid, 'bbbbbbbb-0000-4000-8000-000000000002')",
        "tenant = coalesce(nullif(current_setting('app.t', true), ''), 'bbbbbbbb-0000-4000-8000-000000000002')::uuid",
        "other = nullif(current_setting('app.t', true), '')::uuid",
        "tenant = nullif(current_setting('app.other', true), '')::uuid",
        "tenant = other",
    ],
};

const TEXT: Kind = Kind {
    sql: "text",
    tenants: &["acme", "ACME", "acme-labs", "globex"],
    atoms: &[
        "tenant = current_setting('app.t', true)",
        "tenant = nullif(current_setting('app.t', true), '')",
        "tenant = (select current_setting('app.t'))",
        "lower(tenant) = lower(current_setting('app.t', true))",
        "tenant like current_setting('app.t', true) || '%'",
        "tenant::varchar = current_setting('app.t', true)::varchar",
        "tenant::varchar(4) = current_setting('app.t', true)::varchar(4)",
        "tenant >= current_setting('app.t', true)",
        "tenant <> current_setting('app.t', true)",
        "tenant in (current_setting('app.t', true), 'globex')",
        "coalesce(tenant, current_setting('app.t', true)) = current_setting('app.t', true)",
        "other = current_setting('app.t', true)",
        "tenant = current_setting('app.other', true)",
    ],
};

/// Conditions that name no tenant.
const ASIDE: &[&str] = &[
    "true",
    "false",
    "flag",
    "status = 'a'",
    "status <> 'a'",
    "status in ('a', 'b')",
    "status is null",
    "tenant is null",
    "tenant is not null",
    "current_setting('app.t', true) is null",
    "current_setting('app.t', true) = ''",
    "coalesce(current_setting('app.t', true), '') = ''",
    "current_setting('app.other', true) = 'on'",
    "current_user = 'nobody in particular'",
];

fn condition(rng: &mut StdRng, kind: &Kind, depth: usize) -> String {
    let leaf = |rng: &mut StdRng| {
        let from = if rng.random_bool(0.6) {
            kind.atoms
        } else {
            ASIDE
        };
        (*from.choose(rng).unwrap()).to_owned()
    };
    if depth == 0 {
        return leaf(rng);
    }
    let mut part = || condition(rng, kind, depth - 1);
    let (a, b, c) = (part(), part(), part());
    match rng.random_range(0..8) {
        0 | 1 => format!("({a}) and ({b})"),
        2 | 3 => format!("({a}) or ({b})"),
        4 => format!("not ({a})"),
        5 => format!("case when {a} then {b} else {c} end"),
        6 => format!("({a}) is true"),
        _ => leaf(rng),
    }
}

/// Policies of one table: one or two permissive ones, perhaps a restrictive one.
fn policies(rng: &mut StdRng, kind: &Kind) -> String {
    let mut sql = String::new();
    for number in 0..rng.random_range(1..=2) {
        let depth = rng.random_range(0..=2);
        let using = condition(rng, kind, depth);
        sql += &format!("create policy p{number} on {TABLE} using ({using});\n");
    }
    if rng.random_bool(0.3) {
        let using = condition(rng, kind, 1);
        sql += &format!("create policy r on {TABLE} as restrictive using ({using});\n");
    }
    sql
}

/// A table with a row of every kind.
fn table(kind: &Kind, name: &str, app: &str) -> String {
    let quoted: Vec<String> = kind.tenants.iter().map(|id| format!("('{id}')")).collect();
    let tenants = quoted.join(", ");
    let empty = if kind.sql == "text" { "(''), " } else { "" };
    format!(
        "create table {name} (tenant {0}, other {0}, status text, flag bool);
         insert into {name} select t::{0}, o::{0}, s, f
         from (values {tenants}, (null)) t (t), (values {tenants}, {empty}(null)) o (o),
              (values ('a'), ('b'), ('c'), (null)) s (s), (values (true), (false), (null)) f (f);
         alter table {name} enable row level security, force row level security;
         grant select on {name} to {app};\n",
        kind.sql
    )
}

/// The statements that put a session into a situation.
fn enter(tenant: &str, situation: Situation, other: Option<&str>) -> String {
    let context = match situation {
        Situation::OtherTenant | Situation::NoKey => {
            format!("set app.t = '{tenant}';")
        }
        Situation::EmptyContext => "set app.t = '';".to_owned(),
        Situation::NoContext => String::new(),
    };
    let other = other.map(|value| format!("set app.other = '{value}';"));
    format!("{context} {}", other.unwrap_or_default())
}

/// Rows that should not be seen; an error shows none.
fn seen(app: &Session, tenant: &str, table: &str, situation: Situation) -> usize {
    let foreign = match situation {
        Situation::OtherTenant => format!("tenant <> '{tenant}'"),
        Situation::NoContext | Situation::EmptyContext => "tenant is not null".to_owned(),
        Situation::NoKey => "tenant is null".to_owned(),
    };
    match app.ask(&format!("select count(*) from {table} where {foreign}")) {
        Ok(rows) => rows[0][0].as_deref().unwrap().parse().unwrap(),
        Err(_) => 0,
    }
}

/// What the server shows of a table in any way that the session can choose.
fn shown(db: &Db, app: &str, kind: &Kind, tables: &[String], situation: Situation) -> Vec<usize> {
    let mut most = vec![0; tables.len()];
    let with_context = matches!(situation, Situation::OtherTenant | Situation::NoKey);
    let contexts = if with_context {
        kind.tenants
    } else {
        &kind.tenants[..1]
    };
    for tenant in contexts {
        let values = kind.tenants.iter().copied().chain(["on"]).map(Some);
        for other in values.chain([None]) {
            // A setting that was ever set is never unset again: a session for each way.
            let session = Session::open(&db.url_as(app, "secret")).unwrap();
            session.sql(&enter(tenant, situation, other));
            for (at, table) in tables.iter().enumerate() {
                most[at] = most[at].max(seen(&session, tenant, table, situation));
            }
        }
    }
    most
}

fn contradiction(answer: &Answer, shown: &[(Situation, usize)]) -> Option<String> {
    match answer {
        Answer::Proved(_) | Answer::Denied => {
            shown
                .iter()
                .find(|(_, rows)| *rows > 0)
                .map(|(situation, rows)| {
                    format!("{rows} rows {} although {answer:?}", situation.words())
                })
        }
        Answer::Leaking(Leak { situation, .. }) => shown
            .iter()
            .find(|(at, rows)| at == situation && *rows == 0)
            .map(|_| format!("nothing {} although {answer:?}", situation.words())),
        Answer::Unproven(_) => None,
    }
}

/// A database for one key type, and what the tables in it are judged by.
struct Bench {
    kind: &'static Kind,
    db: Db,
    app: String,
    settings: Settings,
}

impl Bench {
    fn new(kind: &'static Kind) -> Self {
        let db = Db::new();
        let app = db.role("app");
        db.sql(&format!(
            "create role {app} login password 'secret';
             create table public.registry (id {} primary key);",
            kind.sql
        ));
        let config = db.config(&format!(
            "[tenancy]\nkey = 'tenant'\nkey_type = '{}'\ncontext = 'app.t'\nregistry = 'public.registry'\napp_role = '{app}'\n",
            kind.sql
        ));
        let overrides = Overrides {
            config: Some(config),
            ..Overrides::default()
        };
        let settings = settings::load(&overrides).unwrap();
        Self {
            kind,
            db,
            app,
            settings,
        }
    }

    /// Makes tables with these policies, judges them, compares; how many were proved, leaking and
    /// unproven.
    fn batch(&self, seed: u64, made: &[String]) -> [usize; 3] {
        let (db, kind) = (&self.db, self.kind);
        let names: Vec<String> = (0..made.len()).map(|n| format!("public.t{n}")).collect();
        for (name, policies) in names.iter().zip(made) {
            let policies = policies.replace(TABLE, name);
            db.sql(&format!("{}{policies}", table(kind, name, &self.app)));
        }
        let snapshot = snapshot(&db.url());
        let tenancy = Tenancy::resolve(&snapshot, &self.settings).unwrap();
        let role = tenancy.app.unwrap().oid;
        let prover = Prover::new(&tenancy, role, Powers::of(&snapshot, role).held);
        let seen = SITUATIONS.map(|at| (at, shown(db, &self.app, kind, &names, at)));
        let mut tally = [0; 3];
        for (at, name) in names.iter().enumerate() {
            let relation = snapshot.find_verbatim(name).unwrap();
            let answer = prover.judge(relation, Need::Select);
            let rows: Vec<_> = seen.iter().map(|(when, rows)| (*when, rows[at])).collect();
            if let Some(why) = contradiction(&answer, &rows) {
                panic!("seed {seed}, {} keys: {why}\n{}", kind.sql, made[at]);
            }
            tally[match answer {
                Answer::Proved(_) | Answer::Denied => 0,
                Answer::Leaking(_) => 1,
                Answer::Unproven(_) => 2,
            }] += 1;
        }
        db.sql(&format!("drop table {}", names.join(", ")));
        tally
    }
}

fn run(kind: &'static Kind, seed: u64, count: usize) {
    let mut rng = StdRng::seed_from_u64(seed);
    let bench = Bench::new(kind);
    let [mut proved, mut leaking, mut unproven] = [0; 3];
    for first in (0..count).step_by(BATCH) {
        let size = BATCH.min(count - first);
        let made: Vec<String> = (0..size).map(|_| policies(&mut rng, kind)).collect();
        let tally = bench.batch(seed, &made);
        proved += tally[0];
        leaking += tally[1];
        unproven += tally[2];
    }
    let tally = format!("{proved} proved, {leaking} leaking, {unproven} unproven");
    eprintln!("{} keys, seed {seed}: {tally}", kind.sql);
    // A prover that never commits itself contradicts nothing, and is worth nothing.
    assert!(proved > count / 20 && leaking > count / 4, "{tally}");
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
    let (seed, count) = wanted();
    run(&UUID, seed, count);
}

#[test]
fn what_is_proved_of_text_keys_holds() {
    let (seed, count) = wanted();
    run(&TEXT, seed, count);
}
