//! `tenantctl init`: looks at a database and writes tenantctl.toml.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;

use super::Context;
use crate::catalog::{self, Snapshot};
use crate::exit::{Code, usage};
use crate::init::{self, Hints};
use crate::report;
use crate::session::Purpose;
use crate::settings::{self, Overrides};
use crate::tenancy::Tenancy;

/// Look at a database and write tenantctl.toml.
///
/// Finds the tenant key, the registry, the setting that carries the current tenant, the
/// application's role, and what every table is; says in comments what each was seen in. What is
/// given with --key, --registry, --context, --app-role or --schema is taken as it is. Reads the
/// catalogs only; changes nothing in the database.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Overwrite a configuration that is there
    #[arg(long)]
    force: bool,
    /// Print the configuration instead of writing a file
    #[arg(long, conflicts_with = "force")]
    stdout: bool,
}

impl Options {
    pub(super) async fn run(self, context: &Context) -> Result<Code> {
        let over = &context.globals.overrides;
        let target = over
            .config
            .clone()
            .unwrap_or_else(|| PathBuf::from("tenantctl.toml"));
        if !self.stdout && !self.force {
            refuse_overwrite(&target)?;
        }
        let output = context.output()?;
        let session = context.connector()?.open(Purpose::Read).await?;
        catalog::begin(&session).await?;
        let snapshot = catalog::load(&session).await?;
        session.close().await;

        let proposal = init::infer(&snapshot, &Hints::from(over))?;
        let text = init::write(&proposal);
        let folder = if self.stdout {
            std::env::temp_dir()
        } else {
            folder_of(&target)
        };
        let draft = Draft::write(&folder, &text)?;
        holds(&draft.0, &snapshot)?;
        if self.stdout {
            drop(draft);
            output.write(&text)?;
            return Ok(Code::Done);
        }
        draft.publish(&target, self.force)?;
        let summary = report::init::summary(&proposal, &target, output.is_terminal());
        output.write(&summary)?;
        Ok(Code::Done)
    }
}

/// What was written is read back the way every other command will read it.
fn holds(path: &Path, snapshot: &Snapshot) -> Result<()> {
    let over = Overrides {
        config: Some(path.to_path_buf()),
        ..Overrides::default()
    };
    let read = settings::load(&over);
    let checked = read.and_then(|settings| Tenancy::resolve(snapshot, &settings).map(|_| ()));
    checked.map_err(|error| {
        // The draft is gone when this is read. What is wrong came from the command line.
        let draft = format!("{}: ", path.display());
        let why = format!("{error:#}").replace(&draft, "");
        usage(format!("the configuration would not hold: {why}"))
    })
}

fn refuse_overwrite(target: &Path) -> Result<()> {
    match fs::symlink_metadata(target) {
        Ok(_) => Err(exists(target)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(usage(format!(
            "cannot look at {}: {error}",
            target.display()
        ))),
    }
}

fn exists(target: &Path) -> anyhow::Error {
    usage(format!(
        "{} exists already; --force overwrites it, --stdout prints the proposal instead",
        target.display()
    ))
}

fn folder_of(target: &Path) -> PathBuf {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// A file under a name of its own until it is whole and known to be good; gone when dropped.
struct Draft(PathBuf);

impl Draft {
    fn write(folder: &Path, text: &str) -> Result<Self> {
        let path = folder.join(format!(".tenantctl-{:016x}.toml", rand::random::<u64>()));
        let problem = || format!("cannot write a configuration in {}", folder.display());
        let mut file = File::create_new(&path).with_context(problem)?;
        let draft = Self(path);
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .with_context(problem)?;
        Ok(draft)
    }

    /// Appears under its name at once; without `force` never in the place of another file, also
    /// not of one that came since it was looked for.
    fn publish(self, target: &Path, force: bool) -> Result<()> {
        let problem = || format!("cannot write {}", target.display());
        if force {
            // Through a symbolic link, so that the link stays.
            let real = fs::canonicalize(target).unwrap_or_else(|_| target.to_path_buf());
            if real.is_dir() {
                return Err(usage(format!("{} is a directory", target.display())));
            }
            return fs::rename(&self.0, real).with_context(problem);
        }
        match fs::hard_link(&self.0, target) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(exists(target)),
            // Some file systems have no hard links.
            Err(_) => {
                refuse_overwrite(target)?;
                fs::rename(&self.0, target).with_context(problem)
            }
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Renamed away where it was published so.
        let _ = fs::remove_file(&self.0);
    }
}
