//! Attempts in a second, beside rlsgrid from PyPI, which attacks as `probe` does:
//! `TENANTCTL_PEER_RLSGRID=…/rlsgrid`.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::bench::{Bench, ms, peak};

const PEER: &str = "TENANTCTL_PEER_RLSGRID";

const CONFIG: &str = r#"[tenancy]
key = "organization_id"
context = "request.jwt.claim.organization"
registry = "public.organizations"
app_role = "bench_app"
"#;

impl Bench {
    /// Whole processes; the other tool once as it comes, and once with as many attempts as ours.
    pub(crate) fn attempts(&self) {
        for (database, tables) in [
            ("attacked", 500),
            ("attacked_2000", 2_000),
            ("attacked_5000", 5_000),
        ] {
            self.attackable(database, tables);
            let ours = self.probe(database, tables);
            if tables == 500 {
                self.beside(database, ours);
            }
        }
    }

    fn probe(&self, database: &str, tables: usize) -> (u64, f64) {
        let config = self.file("attacked.toml", CONFIG);
        let mut probe = self.tool(database, &config);
        probe.args(["probe", "--verbose", "--output", "/dev/null"]);
        let (attempts, time) = counted(&mut probe, |said| {
            let line = said
                .lines()
                .find_map(|line| line.strip_suffix(" attacks"))?;
            line.rsplit(' ').next()?.parse().ok()
        });
        let memory = peak(probe.stderr(Stdio::null())) / 1024;
        // What the snapshot needs: a probe should not add to that with every table.
        let mut audit = self.tool(database, &config);
        let snapshot = peak(audit.args(["audit", "--quiet"]).stderr(Stdio::null())) / 1024;
        let rate = attempts as f64 / time.as_secs_f64();
        println!(
            "probe   {tables} tables: {attempts} attempts in {}, {rate:.0} a second, peak memory {memory} MiB, of an audit {snapshot} MiB",
            ms(time)
        );
        (attempts, rate)
    }

    fn beside(&self, database: &str, (attempts, rate): (u64, f64)) {
        let Some(peer) = std::env::var_os(PEER).map(PathBuf::from) else {
            println!("        alone: {PEER} does not name the program (pip install rlsgrid)");
            return;
        };
        for iterations in [200, attempts] {
            let config = self.file("rlsgrid.toml", &rlsgrid(iterations));
            let mut check = Command::new(&peer);
            check
                .args(["check", "--json", "--config"])
                .arg(config)
                .env("DATABASE_URL", self.server.url(database));
            let (theirs, time) = counted(&mut check, |said| {
                let line = said.lines().find(|line| line.contains("\"iterations\""))?;
                line.trim_matches(|c: char| !c.is_ascii_digit())
                    .parse()
                    .ok()
            });
            let other = theirs as f64 / time.as_secs_f64();
            println!(
                "        rlsgrid check: {theirs} attempts in {}, {other:.0} a second; ours {:.1} x",
                ms(time),
                rate / other
            );
        }
    }

    /// Tables with rows of five organizations. The setting that carries the context is one that both
    /// tools can be told.
    fn attackable(&self, database: &str, tables: usize) {
        self.sql("postgres", &format!("create database {database}"));
        self.sql(
            database,
            "create table organizations (id uuid primary key, name text not null);
             insert into organizations select md5(i::text)::uuid, 'Organization ' || i from generate_series(1, 5) i;
             create procedure protect(t text, key text) language plpgsql as $$ begin
                 execute format('alter table %I enable row level security', t);
                 execute format('alter table %I force row level security', t);
                 execute format('create policy p on %I to bench_app using (%I = (select nullif(current_setting(''request.jwt.claim.organization'', true), '''')::uuid))', t, key);
                 execute format('grant select, insert, update, delete on %I to bench_app', t); end $$;
             call protect('organizations', 'id')",
        );
        for first in (0..tables).step_by(100) {
            let last = (first + 100).min(tables) - 1;
            self.sql(
                database,
                &format!(
                    "do $$ declare t text; begin for i in {first}..{last} loop t := 't' || i;
                     execute format('create table %I (id uuid primary key default gen_random_uuid(), organization_id uuid not null references organizations on delete cascade, name text, status text, amount numeric, created_at timestamptz default now())', t);
                     call protect(t, 'organization_id');
                     execute format('create index on %I (organization_id)', t);
                     execute format('insert into %I (organization_id, name) select id, ''row of '' || name from organizations', t);
                     end loop; end $$"
                ),
            );
        }
        self.sql(database, "vacuum analyze");
    }
}

fn rlsgrid(iterations: u64) -> String {
    format!(
        r#"[connection]
url = "env:DATABASE_URL"
schema_search_path = ["public"]
[tenancy]
mode = "jwt"
tenant_column = "organization_id"
jwt_shape = "individual"
jwt_claims = {{ organization = "{{tenant_id}}" }}
[roles]
bench_app = "the application"
[fuzz]
iterations = {iterations}
"#
    )
}

/// How many attempts a program says that it made, and how long it took: the median of three runs.
fn counted(command: &mut Command, read: impl Fn(&str) -> Option<u64>) -> (u64, Duration) {
    let mut runs: Vec<(Duration, u64)> = (0..3)
        .map(|_| {
            let started = Instant::now();
            let output = command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .output()
                .unwrap();
            let time = started.elapsed();
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            assert!(output.status.success(), "{command:?}: {said}");
            (time, read(&said).expect("the number of attempts"))
        })
        .collect();
    runs.sort();
    (runs[1].1, runs[1].0)
}
