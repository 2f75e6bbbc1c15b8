//! The only place that connects: libpq's conventions, TLS, timeouts, cancelling, quoting.

mod cancel;
mod certificate;
mod connect;
pub mod conninfo;
pub mod error;
mod opened;
mod pool;
pub mod quote;
mod registry;
mod startup;
#[cfg(test)]
mod tests;
mod tls;
mod verify;
mod x509;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use tokio_postgres::{Client, IsolationLevel, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

use connect::{Attempt, Failed};
use conninfo::{Host, SessionAttrs, Target};
use error::Failure;
use opened::Opened;
use registry::{Entry, Registry};
use startup::{MARK, READ_ONLY, Startup};

pub use pool::Pool;
pub use startup::{Purpose, Timeouts};

/// How long a session may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(1);

/// Opens sessions at one target. Cheap to clone; clones share what [`interrupt`](Self::interrupt)
/// reaches.
#[derive(Clone)]
pub struct Connector {
    target: Arc<Target>,
    tls: MakeRustlsConnect,
    timeouts: Timeouts,
    registry: Registry,
    /// Set once a pooler was met: it takes no startup options, so they are not offered again.
    pooled: Arc<AtomicBool>,
}

impl Connector {
    /// Reads the certificates that the target names. Does not connect.
    pub fn new(target: Target) -> anyhow::Result<Self> {
        Self::with_registry(target, Registry::default())
    }

    fn with_registry(target: Target, registry: Registry) -> anyhow::Result<Self> {
        let by_tcp = target
            .endpoints
            .iter()
            .any(|e| matches!(e.host, Host::Tcp(_)));
        let tls = tls::load(&target.tls, by_tcp)
            .with_context(|| format!("cannot connect to {}", target.label()))?;
        Ok(Self {
            target: Arc::new(target),
            tls,
            timeouts: Timeouts::default(),
            registry,
            pooled: Arc::default(),
        })
    }

    /// Another target whose sessions the same interrupt reaches, such as the probe's logins.
    pub fn at(&self, target: Target) -> anyhow::Result<Self> {
        let other = Self::with_registry(target, self.registry.clone())?;
        Ok(other.with_timeouts(self.timeouts))
    }

    /// With these timeouts instead of the default ones.
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Where sessions are opened.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// What messages call the target, such as `database shop on db.example:5432 as admin`; never
    /// a secret.
    pub fn label(&self) -> String {
        self.target.label()
    }

    /// Opens a session whose settings hold before its first statement.
    pub async fn open(&self, purpose: Purpose) -> anyhow::Result<Session> {
        match self.connect(purpose).await {
            Ok((opened, pooled)) => {
                let entry = self.registry.enter(opened.canceller.clone());
                let startup = Startup::of(purpose, self.timeouts);
                let local = pooled.then(|| startup.local());
                Ok(Session {
                    opened,
                    local,
                    _entry: entry,
                })
            }
            Err(failed) => Err(failed.explain(&self.target)),
        }
    }

    /// A pool of up to `size` [`Purpose::Read`] sessions, for work that really runs side by side.
    pub fn pool(&self, size: usize) -> anyhow::Result<Pool> {
        Pool::new(self.clone(), Purpose::Read, size)
    }

    /// The same of [`Purpose::Attack`] sessions: what the application's own pool would lend.
    pub fn attack_pool(&self, size: usize) -> anyhow::Result<Pool> {
        Pool::new(self.clone(), Purpose::Attack, size)
    }

    /// Stops what the server is running for every open session, within two seconds.
    ///
    /// Wait for the end of it before the process exits: a request that is given up half-way makes
    /// some versions of PgBouncer exit.
    pub async fn interrupt(&self) {
        self.registry.cancel_all().await;
    }

    /// Connects; the flag says whether a pooler stands in between.
    async fn connect(&self, purpose: Purpose) -> Result<(Opened, bool), Failed> {
        if self.target.session_attrs != SessionAttrs::PreferStandby {
            return self.connect_to(purpose, self.target.session_attrs).await;
        }
        match self.connect_to(purpose, SessionAttrs::Standby).await {
            Err(failed) if !connect::is_answer(&failed.failure) => {
                self.connect_to(purpose, SessionAttrs::Any).await
            }
            other => other,
        }
    }

    async fn connect_to(
        &self,
        purpose: Purpose,
        wanted: SessionAttrs,
    ) -> Result<(Opened, bool), Failed> {
        let mut startup = Startup::of(purpose, self.timeouts);
        // Whether the server takes writes cannot be seen through our own setting.
        let asks = matches!(wanted, SessionAttrs::ReadWrite | SessionAttrs::ReadOnly);
        let later = if asks { startup.take(READ_ONLY) } else { None };
        let options = startup.options(self.target.options.as_deref());
        let mut attempt = Attempt {
            target: &self.target,
            tls: &self.tls,
            options: Some(&options),
        };
        let mut pooled = self.pooled.load(Ordering::Relaxed);
        if pooled {
            attempt.options = None;
        }
        let opened = match attempt.run(wanted).await {
            Err(mut failed) if !pooled && failed.failure.refuses_options() => {
                if self.target.options.is_some() {
                    failed.failure = Failure::OptionsRefused;
                    return Err(failed);
                }
                pooled = true;
                attempt.options = None;
                attempt.run(wanted).await?
            }
            other => other?,
        };
        let settling = self.settle(purpose, &opened, (&startup, later, pooled));
        let settled = connect::within(self.target.connect_timeout, settling).await;
        let pooled = settled.map_err(|failure| Failed {
            failure,
            place: opened.endpoint.to_string(),
            earlier: Vec::new(),
        })?;
        self.pooled.fetch_or(pooled, Ordering::Relaxed);
        Ok((opened, pooled))
    }

    /// Makes sure that the settings hold, and says whether a pooler is in between.
    async fn settle(
        &self,
        purpose: Purpose,
        opened: &Opened,
        (startup, later, mut pooled): (&Startup, Option<(&str, String)>, bool),
    ) -> Result<bool, Failure> {
        if !pooled {
            // Some poolers are told to swallow options without a word. Asking costs a round trip;
            // going by what the server reports by itself would be fooled by a role's own settings.
            let mark = format!("select pg_catalog.current_setting('{MARK}', true)");
            pooled = opened.ask(&mark).await?.as_deref() != Some("1");
        }
        let statements = match (purpose, pooled) {
            (Purpose::Read, true) => pool::pinned(startup),
            (_, true) => return Ok(true),
            (Purpose::Read, false) => {
                let set = |(key, value): (&str, String)| startup::set("set", key, &value);
                later.map(set).unwrap_or_default()
            }
            (Purpose::Change, false) if opened.major() >= 14 => {
                // Not every platform has it, and without it nothing else is worse.
                let check = "set client_connection_check_interval = '2s'";
                let _ = opened.client.batch_execute(check).await;
                return Ok(false);
            }
            _ => return Ok(false),
        };
        if !statements.is_empty() {
            opened
                .client
                .batch_execute(&statements)
                .await
                .map_err(Failure::Driver)?;
        }
        Ok(pooled)
    }
}

/// An open session. Derefs to the driver's client; closed when dropped.
pub struct Session {
    opened: Opened,
    /// The settings as statements, where a pooler keeps them from holding for the session.
    local: Option<String>,
    _entry: Entry,
}

impl Session {
    /// The notices that came since the last call, oldest first.
    pub fn take_notices(&self) -> Vec<String> {
        self.opened.notices.take()
    }

    /// The server's version as it writes it, such as `15.18`.
    pub fn server_version(&self) -> &str {
        self.opened.version.split(' ').next().unwrap_or_default()
    }

    /// The server's major version, such as 15.
    pub fn server_major(&self) -> u32 {
        self.opened.major()
    }

    /// Whether a pooler that drops session settings stands in between.
    ///
    /// Then no setting may be made for the session: the next client of the pooler, such as the
    /// application, would inherit it. A [`Purpose::Read`] session instead starts inside of a
    /// read-only transaction that carries its settings, and has none once that has ended; the other
    /// purposes have none at all. [`snapshot`](Self::snapshot) and
    /// [`local_settings`](Self::local_settings) bring them back.
    pub fn is_pooled(&self) -> bool {
        self.local.is_some()
    }

    /// The `SET LOCAL` statements with which every transaction of a pooled session should begin;
    /// nothing where the settings hold for the session.
    pub fn local_settings(&self) -> Option<&str> {
        self.local.as_deref()
    }

    /// Starts a `REPEATABLE READ, READ ONLY` transaction in which the settings hold, pooler or not.
    pub async fn snapshot(&mut self) -> anyhow::Result<Transaction<'_>> {
        let local = self.local.clone();
        if local.is_some() {
            // Ends the transaction that the session was opened in.
            self.batch_execute("rollback")
                .await
                .map_err(error::explain)?;
        }
        let builder = self.build_transaction().read_only(true);
        let builder = builder.isolation_level(IsolationLevel::RepeatableRead);
        let transaction = builder.start().await.map_err(error::explain)?;
        if let Some(local) = local {
            transaction
                .batch_execute(&local)
                .await
                .map_err(error::explain)?;
        }
        Ok(transaction)
    }

    /// Closes the session and waits until the server has been told.
    pub async fn close(self) {
        let Opened { client, task, .. } = self.opened;
        drop(client);
        let _ = tokio::time::timeout(FAREWELL, task).await;
    }
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.opened.client
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.opened.client
    }
}
