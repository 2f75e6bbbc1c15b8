//! Where the story happens: the server, a folder, and programs and sessions that see nothing else.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context as _, Result};
use tokio::process::Command;

use super::scenario::Script;
use crate::report::stderr_line;
use crate::sandbox::{Kept, Options, SUPERUSER, Sandbox};
use crate::session::conninfo::{self, Environment};
use crate::session::{Connector, Purpose, Session};

/// Home and working folder of the programs, in the server's folder: it goes when that goes.
pub(super) const FOLDER: &str = "demo";

/// A server and a folder with the scenario's files.
pub(super) struct Stage {
    sandbox: Sandbox,
    folder: PathBuf,
    database: &'static str,
    program: PathBuf,
}

impl Stage {
    /// Starts the server and writes the files.
    pub(super) async fn start(
        options: Options,
        script: &'static Script,
        quiet: bool,
    ) -> Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        // Dropped while it waits, the task goes on and drops the server that it has started.
        let sandbox = tokio::task::spawn_blocking(move || {
            let mut notice = |text: &str| {
                if !quiet {
                    stderr_line(&format!("tenantctl: {text}"));
                }
            };
            Sandbox::start(&options, &mut notice)
        })
        .await
        .context("the server's thread has ended")??;
        let folder = sandbox.directory().join(FOLDER);
        let stage = Self {
            sandbox,
            folder,
            database: script.name,
            program,
        };
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&stage.folder)
            .with_context(|| format!("cannot make {}", stage.folder.display()))?;
        for (name, text) in [
            ("tenantctl.toml", script.config),
            ("schema.sql", script.schema),
            ("data.sql", script.data),
        ] {
            stage.write(name, text)?;
        }
        Ok(stage)
    }

    /// `PostgreSQL 17.4 from /usr/lib/postgresql/17/bin`.
    pub(super) fn server(&self) -> String {
        format!(
            "PostgreSQL {} from {}",
            self.sandbox.version().number,
            self.sandbox.bin_dir().display()
        )
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The variables that connect a program to the server, as its superuser.
    pub(super) fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("PGHOST", self.sandbox.socket_dir().display().to_string()),
            ("PGUSER", SUPERUSER.to_owned()),
            ("PGDATABASE", self.database.to_owned()),
        ]
    }

    /// Runs this very program to its end.
    pub(super) async fn run(&self, args: &[String], coloured: bool) -> Result<Output> {
        let colour = if coloured { "FORCE_COLOR" } else { "NO_COLOR" };
        Command::new(&self.program)
            .args(args)
            .current_dir(&self.folder)
            .env_clear()
            .env("HOME", &self.folder)
            .env(colour, "1")
            .envs(self.variables())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("cannot run {}", self.program.display()))
    }

    /// A session of a role, or of the superuser.
    pub(super) async fn session(&self, role: Option<&str>) -> Result<(Connector, Session)> {
        let connector = self.connector(role.unwrap_or(SUPERUSER), self.database)?;
        let purpose = match role {
            // With nothing but what an application's own session would have.
            Some(_) => Purpose::Attack,
            None => Purpose::Change,
        };
        let session = connector.open(purpose).await?;
        Ok((connector, session))
    }

    /// Makes the database and loads the scenario's files.
    pub(super) async fn load(&self, script: &Script) -> Result<()> {
        let session = self
            .connector(SUPERUSER, "postgres")?
            .open(Purpose::Change)
            .await?;
        run(&session, &format!("create database {}", self.database)).await?;
        session.close().await;
        let (_, session) = self.session(None).await?;
        run(&session, script.schema).await?;
        run(&session, script.data).await?;
        session.close().await;
        Ok(())
    }

    /// Puts the application's password where libpq looks for it.
    pub(super) fn write_passfile(&self, role: &str) -> Result<()> {
        let password = fs::read_to_string(self.folder.join("app.password"))
            .context("cannot read the password that role create has written")?;
        // Generated passwords have neither of the two characters that would need a backslash.
        self.write(
            ".pgpass",
            &format!("*:*:*:{role}:{}\n", password.trim_end()),
        )
    }

    /// Lets the server go on without us.
    pub(super) fn keep(self) -> Result<Kept> {
        self.sandbox.keep()
    }

    fn connector(&self, role: &str, database: &str) -> Result<Connector> {
        let passfile = self.folder.join(".pgpass").display().to_string();
        let mut variables = self.variables().to_vec();
        variables.push(("PGPASSFILE", passfile));
        let environment = Environment::of(move |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone())
        });
        let target = conninfo::resolve(None, &environment)?
            .with_user(role)
            .with_database(database);
        Connector::new(target)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        use std::io::Write;
        let path = self.folder.join(name);
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

async fn run(session: &Session, sql: &str) -> Result<()> {
    session
        .batch_execute(sql)
        .await
        .map_err(crate::session::error::explain)
        .context("cannot load the scenario")
}
