//! What every part measures with: a throwaway server, made-up databases, whole processes.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tenantctl::sandbox::Sandbox;

pub(crate) const TOOL: &str = env!("CARGO_BIN_EXE_tenantctl");
pub(crate) const RUNS: usize = 5;

pub(crate) struct Bench {
    pub(crate) server: Sandbox,
    pub(crate) psql: PathBuf,
    pub(crate) folder: PathBuf,
}

impl Bench {
    /// A database of tables as a team has them, with our isolation or with none.
    pub(crate) fn tables(&self, database: &str, tables: usize, isolated: bool) {
        self.sql("postgres", &format!("create database {database}"));
        self.sql(
            database,
            "create table organizations (id uuid primary key, name text not null)",
        );
        self.more_tables(database, 0..tables, isolated);
    }

    /// Tables with these numbers.
    pub(crate) fn more_tables(&self, database: &str, numbers: Range<usize>, isolated: bool) {
        let protect = "execute format('alter table %I enable row level security', t);
             execute format('alter table %I force row level security', t);
             execute format('create policy p on %I to bench_app using (organization_id = (select nullif(current_setting(''app.current_organization_id'', true), '''')::uuid))', t);
             execute format('create index on %I (organization_id)', t);";
        // Blocks of 500: one transaction over 10,000 tables would run out of locks, and each foreign key to
        // a table makes the next one to it slower.
        for first in numbers.clone().step_by(500) {
            let last = (first + 500).min(numbers.end) - 1;
            self.sql(
                database,
                &format!(
                    "do $$ declare t text; begin for i in {first}..{last} loop
                     t := 't' || i;
                     execute format('create table %I (id uuid primary key default gen_random_uuid(), organization_id uuid not null %s on delete cascade, name text, status text, amount numeric, created_at timestamptz default now())', t,
                         case when i % 500 = 0 then 'unique references organizations' else format('references t%s (organization_id)', i - i % 500) end);
                     {}
                     execute format('grant select, insert, update, delete on %I to bench_app', t);
                     end loop; end $$",
                    if isolated { protect } else { "" }
                ),
            );
        }
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.file(
            "tenantctl.toml",
            "[tenancy]\nkey = \"organization_id\"\ncontext = \"app.current_organization_id\"\nregistry = \"public.organizations\"\napp_role = \"bench_app\"\n",
        )
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new(&self.psql);
        psql.args(["-X", "-q", "-d"])
            .arg(self.server.url(database))
            .stdout(Stdio::null());
        psql
    }

    pub(crate) fn tool(&self, database: &str, config: &Path) -> Command {
        let mut tool = Command::new(TOOL);
        tool.args(["--database-url", &self.server.url(database), "--config"])
            .arg(config)
            .stdout(Stdio::null());
        tool
    }

    pub(crate) fn sql(&self, database: &str, sql: &str) {
        let done = self
            .psql(database)
            .args(["-v", "ON_ERROR_STOP=1", "-c", sql])
            .status()
            .unwrap();
        assert!(done.success(), "{sql}");
    }
}

/// The most memory that a program had, in KiB, by asking the kernel until it ends.
pub(crate) fn peak(command: &mut Command) -> u64 {
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(now.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    peak
}

/// How long a program takes that ends with one of these codes.
pub(crate) fn time_to(command: &mut Command, codes: &[i32]) -> Duration {
    let started = Instant::now();
    let status = command
        .stdout(Stdio::null())
        .status()
        .expect("the program starts");
    let code = status.code().unwrap_or(-1);
    assert!(codes.contains(&code), "{command:?}: {status}");
    started.elapsed()
}

/// How long a program takes that finds nothing wrong.
pub(crate) fn time(command: &mut Command) -> Duration {
    time_to(command, &[0, 4])
}

pub(crate) fn median(mut run: impl FnMut() -> Duration) -> Duration {
    middle((0..RUNS).map(|_| run()).collect())
}

pub(crate) fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

pub(crate) fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

pub(crate) fn ratio(what: &str, ours: Duration, floor: &str, theirs: Duration) {
    println!(
        "{what:<36} {:>12}   {:>6.2} x {floor} ({})",
        ms(ours),
        ours.as_secs_f64() / theirs.as_secs_f64(),
        ms(theirs)
    );
}
