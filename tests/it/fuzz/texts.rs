//! Conditions, views and bodies with their texts mutated, judged from a snapshot: no server is asked.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tenantctl::audit::{Selection, judge};
use tenantctl::catalog::Snapshot;
use tenantctl::predicate;
use tenantctl::settings::{self, Overrides};
use tenantctl::tenancy::Tenancy;

use super::seeds;
use crate::support::Db;

const USUAL: u64 = 50;
/// Texts that are only parsed, for each that is judged.
const PARSED: usize = 20;

/// What a text is made of that means something.
const PIECES: [&str; 46] = [
    "(",
    ")",
    "((",
    "))",
    "[",
    "]",
    "{",
    "'",
    "''",
    "\"",
    "$$",
    "$x$",
    "E'\\",
    "--",
    "/*",
    "*/",
    ";",
    ",",
    ".",
    "::",
    "::text",
    "::uuid",
    " = ",
    " <> ",
    " and ",
    " or ",
    " not ",
    " is not distinct from ",
    " case when ",
    " end ",
    " then ",
    " select ",
    " from ",
    " where ",
    " exists (",
    " any (",
    " array[",
    "null",
    "true",
    "current_setting('app.t')",
    "nullif(",
    "coalesce(",
    " with x as (",
    " union all ",
    "\u{0}",
    "🐘",
];

/// Repeated until something overflows.
const DEEP: [&str; 30] = [
    "not ",
    "(",
    "- ",
    "case when ",
    "select (",
    "a.",
    "x = ",
    "array[",
    "exists (select ",
    "select ",
    "a::",
    "+",
    "@ ",
    "a[1]",
    "row ",
    "array ",
    "interval ",
    "with x as ",
    "values ",
    "distinct ",
    "x between ",
    "x in ",
    "x is ",
    "from a join ",
    "select 1 union ",
    "any ",
    "begin ",
    "if ",
    "select * from ",
    "a or ",
];

/// A schema that has a bit of everything, with policies that are proved, leaking and unproven.
const SCHEMA: &str = include_str!("schema.sql");

struct Fixture {
    snapshot: Snapshot,
    settings: settings::Settings,
    texts: Vec<String>,
}

fn fixture() -> Fixture {
    let db = Db::new();
    let app = db.role("app");
    db.sql(&SCHEMA.replace("the_app", &app));
    let config = db.config(&format!(
        "[tenancy]\nkey = 'organization_id'\ncontext = 'app.t'\nregistry = 'public.organizations'\napp_role = '{app}'\n\
         [tables.via]\n'public.items' = 'order_id -> public.orders.id'\n"
    ));
    let overrides = Overrides {
        config: Some(config),
        ..Overrides::default()
    };
    let settings = settings::load(&overrides).unwrap();
    let snapshot = crate::support::snapshot(&db.url());
    let texts = texts(&snapshot);
    Fixture {
        snapshot,
        settings,
        texts,
    }
}

/// Everything in a snapshot that is parsed, and every condition that the corpus writes.
fn texts(snapshot: &Snapshot) -> Vec<String> {
    let relations = snapshot.relations.values();
    let mut texts: Vec<String> = relations
        .flat_map(|relation| {
            let policies = relation.policies.iter();
            let conditions =
                policies.flat_map(|policy| [policy.using.clone(), policy.check.clone()]);
            conditions.chain([relation.definition.clone()]).flatten()
        })
        .collect();
    texts.extend(
        snapshot
            .functions
            .values()
            .map(|function| function.body.clone()),
    );
    texts.extend(CORPUS.iter().cloned());
    texts
}

static CORPUS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/cases");
    let mut found = Vec::new();
    for case in fs::read_dir(cases).unwrap() {
        let schema = fs::read_to_string(case.unwrap().path().join("schema.sql")).unwrap();
        let statements = schema
            .split(';')
            .filter(|text| text.contains("CREATE POLICY"));
        let conditions = statements.filter_map(|text| text.split_once("USING "));
        found.extend(conditions.map(|(_, condition)| condition.to_owned()));
    }
    found.sort();
    found.dedup();
    found
});

/// A text a little, or not at all, like one that was.
fn mutate(rng: &mut StdRng, texts: &[String]) -> String {
    if rng.random_bool(0.003) {
        let piece = DEEP.choose(rng).copied().unwrap_or_default();
        let end = ["", "x", "1", ")", "null end"]
            .choose(rng)
            .copied()
            .unwrap_or_default();
        return piece.repeat(rng.random_range(1..6000)) + end;
    }
    let mut chars: Vec<char> = texts
        .choose(rng)
        .map(|text| text.chars().collect())
        .unwrap_or_default();
    for _ in 0..rng.random_range(0..6) {
        let at = rng.random_range(0..=chars.len());
        let end = (at + rng.random_range(0..20)).min(chars.len());
        let put: Vec<char> = match rng.random_range(0..5) {
            0 => Vec::new(),
            1 => chars[at..end].to_vec().repeat(2),
            2 => {
                let other: Vec<char> = texts
                    .choose(rng)
                    .map(|text| text.chars().collect())
                    .unwrap_or_default();
                let from = rng.random_range(0..=other.len());
                other[from..(from + 40).min(other.len())].to_vec()
            }
            _ => PIECES
                .choose(rng)
                .map(|piece| piece.chars().collect())
                .unwrap_or_default(),
        };
        let end = if rng.random_bool(0.5) { at } else { end };
        chars.splice(at..end, put);
    }
    chars.into_iter().collect()
}

/// Gives every text of a snapshot another one.
fn disturb(rng: &mut StdRng, fixture: &Fixture) -> Snapshot {
    let mut snapshot = fixture.snapshot.clone();
    let mut other = |text: &mut Option<String>| {
        if rng.random_bool(0.5) {
            *text = Some(mutate(rng, &fixture.texts));
        }
    };
    for relation in snapshot.relations.values_mut() {
        for policy in &mut relation.policies {
            other(&mut policy.using);
            other(&mut policy.check);
        }
        if relation.definition.is_some() {
            other(&mut relation.definition);
        }
    }
    for function in snapshot.functions.values_mut() {
        let mut body = Some(std::mem::take(&mut function.body));
        other(&mut body);
        function.body = body.unwrap_or_default();
    }
    snapshot
}

fn run() {
    let fixture = fixture();
    let checks = tenantctl::check::shipped().unwrap();
    let started = std::time::Instant::now();
    let mut judged = 0;
    for seed in seeds(USUAL, 100) {
        let mut rng = StdRng::seed_from_u64(seed);
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..PARSED {
                let text = mutate(&mut rng, &fixture.texts);
                let _ = (predicate::expression(&text), predicate::query(&text));
            }
            let snapshot = disturb(&mut rng, &fixture);
            let tenancy = Tenancy::resolve(&snapshot, &fixture.settings).unwrap();
            judge(&tenancy, &checks, &Selection::default()).unwrap();
        }));
        assert!(done.is_ok(), "seed {seed}");
        judged += 1;
    }
    eprintln!("{judged} snapshots in {:?}", started.elapsed());
}

#[test]
fn mutated_texts_are_judged_without_a_panic() {
    // As much stack as the program has.
    let thread = std::thread::Builder::new().stack_size(8 << 20);
    thread.spawn(run).unwrap().join().unwrap();
}
