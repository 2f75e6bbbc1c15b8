//! Ratios against the floor: `cargo bench --bench ratios [-- audit|policy|apply|start|provision|growth|roles|peer|probe|backfill]`.
//!
//! Each figure is a median of whole processes, and its floor is measured in the same run on the
//! same throwaway server: psql reading the same catalogs, a hand-written WHERE, psql running the
//! same statements. Needs psql beside the server's programs or on PATH. `TENANTCTL_BENCH_PG=18` takes
//! another version of the server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints, and has failed where it cannot go on"
)]

mod attempts;
mod backfill;
mod bench;
mod growth;
mod peer;
mod provision;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use bench::{Bench, RUNS, TOOL, median, middle, ms, peak, ratio, time};
use tenantctl::sandbox::{Options, Sandbox, Wanted};

/// The six plain reads that an audit cannot do without.
const FLOOR: &str = "\
select oid, relname, relnamespace, relkind, relowner, relrowsecurity, relforcerowsecurity, relacl, reloptions from pg_class;
select oid, polrelid, polname, polcmd, polpermissive, polroles, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) from pg_policy;
select attrelid, attnum, attname, atttypid, attnotnull, attacl from pg_attribute where attnum > 0 and not attisdropped;
select indexrelid, indrelid, indisunique, indisvalid, indkey, indpred is not null from pg_index;
select oid, conrelid, conname, contype, conkey, confrelid, confkey from pg_constraint;
select oid, rolname, rolsuper, rolinherit, rolcreaterole, rolcanlogin, rolreplication, rolbypassrls from pg_roles;
";

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|arg| arg == name);
    let major = std::env::var("TENANTCTL_BENCH_PG").ok();
    let settings = [
        ("max_locks_per_transaction", "1000"),
        ("shared_buffers", "256MB"),
    ];
    let options = Options {
        wanted: Wanted {
            major: major.map(|text| text.parse().expect("TENANTCTL_BENCH_PG is a number")),
            ..Wanted::default()
        },
        settings: settings.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec(),
        ..Options::default()
    };
    let server = Sandbox::start(&options, &mut |line| eprintln!("{line}")).expect("a server");
    let beside = server.bin_dir().join("psql");
    let psql = if beside.exists() {
        beside
    } else {
        PathBuf::from("psql")
    };
    let folder = std::env::temp_dir().join(format!("tenantctl-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let bench = Bench {
        server,
        psql,
        folder,
    };
    println!(
        "PostgreSQL {}, medians of {RUNS}",
        bench.server.version().number
    );
    bench.sql("postgres", "create role bench_app login");
    if wants("start") {
        bench.start();
    }
    if wants("audit") {
        bench.audit(100);
        bench.audit(10_000);
    }
    if wants("apply") {
        bench.apply(2_000);
    }
    if wants("policy") {
        bench.policy();
    }
    bench.when_asked(&wanted);
    std::fs::remove_dir_all(&bench.folder).unwrap();
}

impl Bench {
    /// What takes minutes.
    fn when_asked(&self, wanted: &[String]) {
        for name in wanted {
            match name.as_str() {
                "provision" => {
                    self.plan(10_000);
                    self.apply(10_000);
                }
                "growth" => self.growth(),
                "roles" => self.roles(),
                "peer" => self.peer(),
                "probe" => self.attempts(),
                "backfill" => self.backfill(),
                _ => {}
            }
        }
    }

    fn start(&self) {
        let version = median(|| time(Command::new(TOOL).arg("--version")));
        println!("start   --version                    {}", ms(version));
    }

    /// psql reading what nobody can do without.
    fn floor(&self, database: &str) -> Duration {
        let floor = self.file("floor.sql", FLOOR);
        median(|| {
            time(
                self.psql(database)
                    .args(["-o", "/dev/null", "-f"])
                    .arg(&floor),
            )
        })
    }

    fn audit(&self, tables: usize) {
        let database = format!("audit_{tables}");
        self.tables(&database, tables, true);
        self.sql(&database, "vacuum analyze");
        let config = self.config();
        let psql = self.floor(&database);
        let ours = median(|| time(self.tool(&database, &config).arg("audit").arg("--quiet")));
        let memory = peak(self.tool(&database, &config).arg("audit"));
        ratio(
            &format!("audit   {tables} tables"),
            ours,
            "psql, six catalogs",
            psql,
        );
        println!("        peak memory {} MiB", memory / 1024);
    }

    /// 1,000,000 rows of 1,000 organizations: the policy that `apply` writes, the widespread one that
    /// casts the key to text, and a WHERE by hand without row-level security.
    fn policy(&self) {
        let database = "policy";
        self.sql("postgres", "create database policy");
        self.sql(
            database,
            "create table organizations (id uuid primary key);
             insert into organizations select md5(i::text)::uuid from generate_series(1, 1000) i;
             create table ours (id bigint primary key, organization_id uuid not null, note text);
             insert into ours select i, md5((1 + i % 1000)::text)::uuid, 'note ' || i from generate_series(1, 1000000) i;
             create table by_hand as table ours;
             create table cast_to_text as table ours;
             create index on by_hand (organization_id);
             create index on cast_to_text (organization_id);
             alter table cast_to_text enable row level security;
             create policy p on cast_to_text using (organization_id::text = current_setting('app.current_organization_id', true));
             grant select on by_hand, cast_to_text to bench_app;
             grant select, insert, update, delete on ours to bench_app;",
        );
        let config = self.file(
            "policy.toml",
            "[tenancy]\nkey = \"organization_id\"\ncontext = \"app.current_organization_id\"\nregistry = \"public.organizations\"\napp_role = \"bench_app\"\n[tables]\nshared = [\"public.by_hand\", \"public.cast_to_text\"]\n",
        );
        assert!(
            time(
                self.tool(database, &config)
                    .arg("apply")
                    .arg("--yes")
                    .arg("--quiet")
            ) > Duration::ZERO
        );
        self.sql(database, "vacuum analyze");
        let one = "c4ca4238-a0b9-2382-0dcc-509a6f75849b";
        let within = |query: &str| self.statement(database, one, query);
        let ours = within("select count(*) from ours");
        let text = within("select count(*) from cast_to_text");
        let hand = within(&format!(
            "select count(*) from by_hand where organization_id = '{one}'"
        ));
        ratio("policy  ours", ours, "a WHERE by hand, no policy", hand);
        ratio("policy  cast to text", text, "ours", ours);
    }

    /// The median of 51 executions in one session of the application, in psql's own timing.
    fn statement(&self, database: &str, organization: &str, query: &str) -> Duration {
        let mut script = format!(
            "set role bench_app;\nset app.current_organization_id = '{organization}';\n{query};\n{query};\n\\timing on\n"
        );
        for _ in 0..51 {
            writeln!(script, "{query};").unwrap();
        }
        let file = self.file("statement.sql", &script);
        let output = self
            .psql(database)
            .arg("-f")
            .arg(file)
            .stdout(Stdio::piped())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let times = text.lines().filter_map(|line| {
            line.strip_prefix("Time: ")?
                .split(' ')
                .next()?
                .parse::<f64>()
                .ok()
        });
        middle(
            times
                .map(|ms| Duration::from_secs_f64(ms / 1000.0))
                .collect(),
        )
    }
}
