//! A run that is killed just before a statement.

use std::time::Duration;

use super::{Db, SIGKILL};

impl Db {
    /// Starts `args`, waits until the server is about to run a command whose text holds `statement`
    /// and `table`, kills the program there, and lets the server go on.
    #[track_caller]
    pub(crate) fn killed_at(&self, statement: &str, table: &str, args: &[&str]) {
        let session = self.session();
        self.sql(&format!(
            "create function wait() returns event_trigger language plpgsql as $f$
             begin
                 if position('{statement}' in current_query()) > 0
                    and position('{table} ' in current_query()) > 0 then
                     perform pg_advisory_xact_lock(1);
                 end if;
             end $f$;
             create event trigger wait on ddl_command_start when tag in ('ALTER TABLE') execute function wait()"
        ));
        session.sql("select pg_advisory_lock(1)");
        let run = self.tenantctl(args).args(["--lock-timeout", "60s"]);
        let running = run.start();
        let waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted
            and database = (select oid from pg_database where datname = current_database())";
        let mut left = 1000;
        while self.value(waiting) != "1" {
            left -= 1;
            assert!(left > 0, "never waits at {statement}");
            std::thread::sleep(Duration::from_millis(10));
        }
        running.signal(SIGKILL);
        running.wait();
        session.sql("select pg_advisory_unlock(1)");
        self.sql("drop event trigger wait; drop function wait()");
    }

    /// The schema as `pg_dump` writes it, without what differs between databases and plans.
    pub(crate) fn dump_of_any_plan(&self) -> Option<String> {
        let app = self.role("app");
        let dump = self.dump(true)?;
        let dump = dump.replace(&app, "app").replace(self.name(), "db");
        let lines = dump
            .lines()
            .map(|line| match line.split_once("\"plan\":\"") {
                Some((start, rest)) => format!("{start}{}", &rest[8..]),
                None => line.to_owned(),
            });
        Some(lines.collect::<Vec<_>>().join("\n"))
    }
}
