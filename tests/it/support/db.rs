//! A database of a test's own, gone when the test ends, also by a panic.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::run::Invocation;
use super::servers::{Server, server};
use super::sql::{Refused, Rows, Session};
use super::world::World;

/// A database, the roles of the test, and a folder to run the program in.
pub(crate) struct Db {
    server: Arc<Server>,
    world: World,
    name: String,
    /// Everything that carries this test's number, to be dropped and redacted.
    roles: Mutex<Vec<String>>,
    number: u32,
}

impl Db {
    /// On the server for tests that do not depend on the version.
    pub(crate) fn new() -> Self {
        Self::on(&server())
    }

    /// On this server.
    pub(crate) fn on(server: &Arc<Server>) -> Self {
        let number = server.next();
        let name = format!("db_{number:04}");
        let strategy = if server.major() >= 15 {
            " strategy file_copy"
        } else {
            ""
        };
        admin(server)
            .ask(&format!(
                "create database {name} template template0{strategy}"
            ))
            .unwrap_or_else(|why| panic!("cannot create {name}: {why}"));
        Self {
            server: Arc::clone(server),
            world: World::new(),
            name,
            roles: Mutex::default(),
            number,
        }
    }

    /// The server.
    pub(crate) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// The database's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A role name that only this test has; dropped at the end if somebody created it.
    pub(crate) fn role(&self, kind: &str) -> String {
        let role = format!("{kind}_{:04}", self.number);
        let mut roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        if !roles.contains(&role) {
            roles.push(role.clone());
        }
        role
    }

    /// The URL of the superuser.
    pub(crate) fn url(&self) -> String {
        self.server.sandbox.url(&self.name)
    }

    /// The URL of a role.
    pub(crate) fn url_as(&self, role: &str, password: &str) -> String {
        self.server.sandbox.url_as(role, password, &self.name)
    }

    /// Runs statements as the superuser; they must succeed.
    #[track_caller]
    pub(crate) fn sql(&self, sql: &str) -> Rows {
        self.session().sql(sql)
    }

    /// Runs statements as the superuser, and returns a refusal.
    pub(crate) fn try_sql(&self, sql: &str) -> Result<Rows, Refused> {
        self.session().ask(sql)
    }

    /// Logs in as a role and runs statements.
    pub(crate) fn sql_as(&self, role: &str, password: &str, sql: &str) -> Result<Rows, Refused> {
        Session::open(&self.url_as(role, password))?.ask(sql)
    }

    /// The only value of a query as the superuser; null is an empty text.
    #[track_caller]
    pub(crate) fn value(&self, sql: &str) -> String {
        let rows = self.sql(sql);
        assert_eq!(rows.len(), 1, "one row wanted, of:\n{sql}\n{rows:?}");
        assert_eq!(rows[0].len(), 1, "one column wanted, of:\n{sql}");
        rows[0][0].clone().unwrap_or_default()
    }

    /// A session of the superuser that stays open.
    pub(crate) fn session(&self) -> Session {
        Session::open(&self.url()).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Writes `./tenantctl.toml`.
    pub(crate) fn config(&self, toml: &str) -> PathBuf {
        self.world.file("tenantctl.toml", toml)
    }

    /// The program with these arguments, connecting to this database as the superuser.
    pub(crate) fn tenantctl<A: AsRef<str>>(&self, args: impl IntoIterator<Item = A>) -> Invocation {
        let mut invocation = self
            .world
            .tenantctl(args)
            .env("TENANTCTL_DATABASE_URL", &self.url())
            .redact(
                &self.server.sandbox.socket_dir().to_string_lossy(),
                "[SOCKET]",
            )
            .redact(&self.server.sandbox.version().number, "[VERSION]");
        // As wide as before, so that tables stay straight.
        let number = format!("_{:04}", self.number);
        let roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        for name in roles.iter().chain([&self.name]) {
            invocation = invocation.redact(name, &name.replace(&number, "_NNNN"));
        }
        invocation
    }
}

impl Deref for Db {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        let roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        let admin = admin(&self.server);
        let mut dropped = admin.ask(&format!(
            "drop database if exists {} with (force)",
            self.name
        ));
        if dropped.is_ok() && !roles.is_empty() {
            // At once: a role may depend on another, as the grantor of a membership.
            dropped = admin.ask(&format!("drop role if exists {}", roles.join(", ")));
        }
        match dropped {
            Ok(_) => {}
            // A second panic would abort the run and hide the first.
            Err(why) if std::thread::panicking() => eprintln!("{} stays behind: {why}", self.name),
            Err(why) => panic!("{} stays behind: {why}", self.name),
        }
    }
}

fn admin(server: &Server) -> Session {
    Session::open(&server.sandbox.url("postgres")).unwrap_or_else(|why| panic!("{why}"))
}
