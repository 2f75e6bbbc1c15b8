//! A throwaway copy of a schema: pg_dump -s of the live database, restored into a server of ours.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use super::cluster;
use super::toc;
use crate::catalog::Snapshot;
use crate::report::stderr_line;
use crate::sandbox::{self, Auth, Options, SUPERUSER, Sandbox, Wanted};
use crate::secret::ExposeSecret;
use crate::session::conninfo::{self, Environment, Target};
use crate::session::error::explain;
use crate::session::{Connector, Purpose, Session, quote};

/// The database that every mutant is a copy of.
pub(super) const TEMPLATE: &str = "tenantctl_copy";

/// Folder for the dump and the password files, in the server's folder: it goes when that goes.
const FOLDER: &str = "copy";

/// A server with the schema in it.
pub(super) struct Copy {
    sandbox: Sandbox,
    /// The first superuser's name, as on the source.
    superuser: String,
    /// What is not in the copy, each with the reason.
    pub(super) left_out: Vec<String>,
}

/// Which programs to use.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    /// Folder of server programs; otherwise found.
    pub pg_bin: Option<PathBuf>,
    /// Do not fetch server programs.
    pub offline: bool,
    /// Say nothing about what is fetched.
    pub quiet: bool,
}

impl Copy {
    /// Starts a server, gives it the source's roles and copies the schema into it.
    pub(super) async fn make(
        (source, snapshot): (&Connector, &Snapshot),
        programs: &Programs,
    ) -> Result<Self> {
        let major = u32::try_from(snapshot.server.major()).unwrap_or_default();
        let sandbox = start(major, programs.clone()).await?;
        let wanted = Wanted {
            major: None,
            pg_bin: programs.pg_bin.clone(),
        };
        let dump = sandbox::client("pg_dump", major, sandbox.bin_dir(), &wanted)
            .context("cannot copy the schema")?;
        let mut copy = Self {
            sandbox,
            superuser: cluster::bootstrap(snapshot).to_owned(),
            left_out: Vec::new(),
        };
        copy.roles(snapshot).await?;
        let folder = copy.folder()?;
        dump_schema(&dump, source.target(), &folder).await?;
        copy.restore(&dump.with_file_name("pg_restore"), &folder)
            .await?;
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
        Ok(copy)
    }

    /// Version and folder of the server, for people.
    pub(super) fn label(&self) -> String {
        let version = &self.sandbox.version().number;
        format!(
            "PostgreSQL {version} from {}",
            self.sandbox.bin_dir().display()
        )
    }

    /// The server's major version.
    pub(super) fn major(&self) -> u32 {
        self.sandbox.version().major
    }

    /// Where a database of the copy is, for its superuser.
    pub(super) fn target(&self, database: &str) -> Result<Target> {
        self.target_as(&self.superuser, database)
    }

    fn target_as(&self, role: &str, database: &str) -> Result<Target> {
        let environment = Environment::of(|_| None);
        let target = conninfo::resolve(Some(&self.sandbox.url(database)), &environment)?;
        Ok(target.with_user(role))
    }

    async fn session_as(&self, role: &str, database: &str) -> Result<Session> {
        let connector = Connector::new(self.target_as(role, database)?)?;
        connector.open(Purpose::Change).await
    }

    /// The roles, and the empty database.
    async fn roles(&mut self, snapshot: &Snapshot) -> Result<()> {
        if self.superuser != SUPERUSER {
            self.rename_superuser().await?;
        }
        let session = self.session_as(&self.superuser, "postgres").await?;
        let create = format!("create database {TEMPLATE} template template0");
        run(&session, &create).await?;
        let mut statements = cluster::statements(snapshot);
        statements.extend(cluster::database(snapshot, TEMPLATE));
        for sql in statements {
            if let Err(error) = session.batch_execute(&sql).await {
                self.left_out.push(format!("{sql}: {:#}", explain(error)));
            }
        }
        session.close().await;
        Ok(())
    }

    /// Nobody can rename himself: another superuser does it.
    async fn rename_superuser(&self) -> Result<()> {
        const HELPER: &str = "tenantctl_rename";
        let session = self.session_as(SUPERUSER, "postgres").await?;
        run(&session, &format!("create role {HELPER} superuser login")).await?;
        session.close().await;
        let session = self.session_as(HELPER, "postgres").await?;
        let name = quote::ident(&self.superuser);
        run(
            &session,
            &format!("alter role {SUPERUSER} rename to {name}"),
        )
        .await?;
        session.close().await;
        let session = self.session_as(&self.superuser, "postgres").await?;
        run(&session, &format!("drop role {HELPER}")).await?;
        session.close().await;
        Ok(())
    }

    fn folder(&self) -> Result<PathBuf> {
        let folder = self.sandbox.directory().join(FOLDER);
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }

    async fn restore(&mut self, program: &Path, folder: &Path) -> Result<()> {
        let file = folder.join("dump");
        let listed = output(Command::new(program).arg("--list").arg(&file), "pg_restore").await?;
        if !listed.status.success() {
            bail!("pg_restore cannot read the dump: {}", said(&listed.stderr));
        }
        let available = self.extensions().await?;
        let chosen = toc::choose(&String::from_utf8_lossy(&listed.stdout), &available);
        self.left_out.extend(chosen.left_out);
        let list = folder.join("list");
        fs::write(&list, chosen.list).context("cannot write the list of objects")?;
        let mut command = Command::new(program);
        command
            .args(["--no-password", "--dbname", TEMPLATE, "--use-list"])
            .arg(&list)
            .arg(&file);
        as_libpq(&mut command, &self.target(TEMPLATE)?, folder)?;
        let restored = output(&mut command, "pg_restore").await?;
        let errors = toc::refused(&String::from_utf8_lossy(&restored.stderr));
        if errors.is_empty() && !restored.status.success() {
            bail!("pg_restore failed: {}", said(&restored.stderr));
        }
        self.left_out.extend(errors);
        Ok(())
    }

    async fn extensions(&self) -> Result<Vec<String>> {
        let session = self.session_as(&self.superuser, TEMPLATE).await?;
        let rows = session
            .query_typed(
                "select name::text from pg_catalog.pg_available_extensions",
                &[],
            )
            .await
            .map_err(explain)
            .context("cannot list the extensions of the throwaway server")?;
        session.close().await;
        rows.iter()
            .map(|row| row.try_get(0).map_err(explain))
            .collect()
    }
}

/// A server of the same major version, else the next newer one, else whatever comes nearest.
async fn start(major: u32, programs: Programs) -> Result<Sandbox> {
    // Dropped while it waits, the task goes on and drops the server that it has started.
    tokio::task::spawn_blocking(move || {
        let installed: Vec<u32> = match &programs.pg_bin {
            Some(_) => Vec::new(),
            None => {
                let found = sandbox::find_all();
                found.iter().map(|one| one.version.major).collect()
            }
        };
        let newer = installed.iter().find(|one| **one >= major).copied();
        let fetchable = || (!programs.offline).then_some(major);
        let nearest = || installed.last().copied();
        let wanted = Wanted {
            major: match &programs.pg_bin {
                Some(_) => None,
                None => newer.or_else(fetchable).or_else(nearest),
            },
            pg_bin: programs.pg_bin.clone(),
        };
        let options = Options {
            wanted,
            offline: programs.offline,
            // The roles come without passwords; the socket's folder lets nobody else in.
            auth: Auth::Trust,
            settings: vec![("max_connections".into(), "200".into())],
            ..Options::default()
        };
        let mut notice = |text: &str| {
            if !programs.quiet {
                stderr_line(&format!("tenantctl: {text}"));
            }
        };
        Sandbox::start(&options, &mut notice)
    })
    .await
    .context("the server's thread has ended")?
    .context("cannot start a throwaway server")
}

async fn dump_schema(program: &Path, source: &Target, folder: &Path) -> Result<()> {
    let mut command = Command::new(program);
    command
        .args([
            "--schema-only",
            "--format=custom",
            "--no-subscriptions",
            "--no-tablespaces",
            "--no-password",
            // Waits for nobody's ALTER TABLE, and so lets nobody wait behind it.
            "--lock-wait-timeout=5s",
            "--file",
        ])
        .arg(folder.join("dump"));
    as_libpq(&mut command, source, folder)?;
    let done = output(&mut command, "pg_dump").await?;
    if !done.status.success() {
        bail!(
            "cannot copy the schema of {}: {}; the administrator must be allowed to read every table's \
             definition (pg_dump -s)",
            source.label(),
            said(&done.stderr)
        );
    }
    Ok(())
}

/// Gives a program of PostgreSQL's the target, and nothing of our own environment but where
/// programs are.
fn as_libpq(command: &mut Command, target: &Target, folder: &Path) -> Result<()> {
    command.env_clear().env("LC_ALL", "C");
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs(target.variables());
    let passfile = folder.join("pgpass");
    if let Some(lines) = target.passfile() {
        use std::io::Write;
        fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&passfile)
            .and_then(|mut file| file.write_all(lines.expose_secret().as_bytes()))
            .context("cannot write a password file for pg_dump")?;
    }
    // Also where there is none: the user's own file is not this program's business.
    command.env("PGPASSFILE", &passfile);
    Ok(())
}

async fn output(command: &mut Command, name: &str) -> Result<std::process::Output> {
    command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("cannot run {name}"))
}

/// What a program wrote, on one line.
fn said(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    quote::printable(&lines.join(" "))
}

async fn run(session: &Session, sql: &str) -> Result<()> {
    session
        .batch_execute(sql)
        .await
        .map_err(explain)
        .with_context(|| format!("the throwaway server refused: {sql}"))
}
