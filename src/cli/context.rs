//! What every command is given: the global options, turned into settings, connections and outputs.

use std::cell::RefCell;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use anyhow::Result;

use crate::report::{Output, Progress, style};
use crate::session::Connector;
use crate::session::conninfo::{self, Environment};
use crate::settings::{self, Overrides, Settings};

/// Options that every command takes.
#[derive(Clone, Debug, clap::Args)]
pub struct Globals {
    /// Connection string of an administrator: a URL or libpq's key=value form
    #[arg(long, global = true, value_name = "URL", help_heading = "Connection")]
    pub database_url: Option<String>,
    /// What the configuration says, overridden.
    #[command(flatten)]
    pub overrides: Overrides,
    /// Write the report to FILE instead of stdout; an old FILE stays until the new one is whole
    #[arg(
        short,
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Output"
    )]
    pub output: Option<PathBuf>,
    /// When to colour
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Output"
    )]
    pub color: style::When,
    /// Say nothing but the report and errors
    #[arg(short, long, global = true, help_heading = "Output")]
    pub quiet: bool,
    /// Say more on stderr: what is connected to, what is read
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "quiet",
        help_heading = "Output"
    )]
    pub verbose: bool,
}

/// The global options and what was made of them so far.
pub struct Context {
    /// As typed.
    pub globals: Globals,
    connectors: RefCell<Vec<Connector>>,
    last: RefCell<Option<LastWords>>,
}

/// What is still done after a signal, and what is said of it.
pub(super) type LastWords = Pin<Box<dyn Future<Output = Result<Option<String>>>>>;

/// How long it may take: whoever interrupts does not want to wait.
const PATIENCE: Duration = Duration::from_secs(20);

impl Context {
    pub(super) fn new(globals: Globals) -> Self {
        style::choose(globals.color);
        Self {
            globals,
            connectors: RefCell::default(),
            last: RefCell::default(),
        }
    }

    /// The configuration, merged and validated.
    ///
    /// # Errors
    /// Usage errors only.
    pub fn settings(&self) -> Result<Settings> {
        settings::load(&self.globals.overrides)
    }

    /// The administrator's connection.
    ///
    /// # Errors
    /// A usage error for a malformed connection string; nothing is connected yet.
    pub fn connector(&self) -> Result<Connector> {
        let given = self.globals.database_url.clone();
        let from_env = || {
            ["TENANTCTL_DATABASE_URL", "DATABASE_URL"]
                .into_iter()
                .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        };
        let target = conninfo::resolve(
            given.or_else(from_env).as_deref(),
            &Environment::of_process(),
        )?;
        let connector = Connector::new(target)?;
        for note in &connector.target().notes {
            self.note(note);
        }
        self.register(&connector);
        self.detail(&format!("connecting to {}", connector.label()));
        Ok(connector)
    }

    /// Makes Ctrl-C reach the sessions of a connector made elsewhere.
    pub fn register(&self, connector: &Connector) {
        self.connectors.borrow_mut().push(connector.clone());
    }

    /// Where the report goes: a file that appears when it is complete, or stdout.
    ///
    /// # Errors
    /// The file cannot be made; found out before any work is done.
    pub fn output(&self) -> Result<Output> {
        Output::open(self.globals.output.as_deref())
    }

    /// A progress bar on stderr; invisible where stderr is no terminal, and with `--quiet`.
    pub fn progress(&self, total: usize, what: &'static str) -> Progress {
        Progress::new(total, what, self.globals.quiet)
    }

    /// One line on stderr, not with `--quiet`.
    pub fn note(&self, text: &str) {
        if !self.globals.quiet {
            crate::report::stderr_line(&format!("tenantctl: {text}"));
        }
    }

    /// One line on stderr with `--verbose`.
    pub fn detail(&self, text: &str) {
        if self.globals.verbose {
            self.note(text);
        }
    }

    pub(super) fn say_error(&self, error: &anyhow::Error) {
        // Line by line: advice has several, and a line break of a name must not look like ours.
        for (index, line) in format!("{error:#}").lines().enumerate() {
            let lead = if index == 0 { "tenantctl: " } else { "  " };
            crate::report::stderr_line(&format!("{lead}{line}"));
        }
    }

    /// Leaves something to do after a signal.
    pub(super) fn before_the_end(&self, work: LastWords) {
        *self.last.borrow_mut() = Some(work);
    }

    /// Does what was left to do.
    pub(super) async fn end(&self) {
        let work = self.last.borrow_mut().take();
        let Some(work) = work else {
            return;
        };
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(said)) => said.iter().for_each(|text| self.note(text)),
            Ok(Err(error)) => self.say_error(&error),
            Err(_) => self.note("what is left of the probe is removed by the next one"),
        }
    }

    pub(super) async fn interrupt(&self) {
        let connectors = self.connectors.borrow().clone();
        for connector in connectors {
            connector.interrupt().await;
        }
    }
}

/// Where what outlives a restart is written, as the XDG base directory specification has it; `None`
/// where the environment names no home.
pub(super) fn state_folder() -> Option<PathBuf> {
    let folder = |name| {
        let path = std::env::var_os(name).map(PathBuf::from)?;
        path.is_absolute().then_some(path)
    };
    folder("XDG_STATE_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".local/state")))
        .map(|state| state.join("tenantctl"))
}
