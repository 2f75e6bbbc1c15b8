//! A deadpool-postgres pool of sessions that are opened like any other.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use deadpool_postgres::{
    Connect, Hook, HookError, Manager, ManagerConfig, Object, PoolError, RecyclingMethod,
};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error};

use super::conninfo::SessionAttrs;
use super::startup::{Purpose, Startup};
use super::{Connector, Failure, error, startup};

/// Statements that open a read-only transaction with the settings in it: what a session is given
/// where a pooler shares server connections, and nothing set may outlive a transaction.
pub(super) fn pinned(startup: &Startup) -> String {
    format!("begin read only; {}", startup.local())
}

/// Lends sessions.
#[derive(Clone)]
pub struct Pool {
    inner: deadpool_postgres::Pool,
    connector: Connector,
    /// Why the last connection failed, in words; deadpool only carries the driver's error.
    why: Arc<Mutex<Option<anyhow::Error>>>,
}

impl Pool {
    pub(super) fn new(connector: Connector, purpose: Purpose, size: usize) -> anyhow::Result<Self> {
        let why = Arc::default();
        let opener = Opener {
            purpose,
            connector: connector.clone(),
            why: Arc::clone(&why),
        };
        // Every other method lends a session with what its last borrower had set in it.
        let config = ManagerConfig {
            recycling_method: RecyclingMethod::Clean,
        };
        let manager = Manager::from_connect(Config::new(), opener, config);
        let again = connector.clone();
        let inner = deadpool_postgres::Pool::builder(manager)
            .max_size(size.max(1))
            .post_recycle(Hook::async_fn(move |client, _| {
                let statements = again.after_recycling(purpose);
                Box::pin(async move {
                    if statements.is_empty() {
                        return Ok(());
                    }
                    client
                        .batch_execute(&statements)
                        .await
                        .map_err(HookError::Backend)
                })
            }))
            .build()
            .context("cannot build the connection pool")?;
        Ok(Self {
            inner,
            connector,
            why,
        })
    }

    /// Borrows a session, opening one where none is free; waits while all are lent.
    pub async fn get(&self) -> anyhow::Result<Object> {
        self.inner.get().await.map_err(|failure| {
            let why = self
                .why
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            let error = match (failure, why) {
                // Already says where.
                (PoolError::Backend(_), Some(why)) => return why,
                (PoolError::Backend(error), None) => error::explain(error),
                (other, _) => anyhow::anyhow!("{other}"),
            };
            error.context(format!("cannot connect to {}", self.connector.label()))
        })
    }

    /// Ends the sessions that are not lent; those that are end when they come back.
    pub fn close(&self) {
        self.inner.close();
    }
}

impl Connector {
    /// What recycling undoes: it resets a session to the settings of its startup message.
    fn after_recycling(&self, purpose: Purpose) -> String {
        if purpose != Purpose::Read {
            // Nothing was set but by the startup message.
            return String::new();
        }
        let mut startup = Startup::of(purpose, self.timeouts);
        if self.pooled.load(std::sync::atomic::Ordering::Relaxed) {
            return format!("rollback; {}", pinned(&startup));
        }
        match self.target.session_attrs {
            SessionAttrs::ReadWrite | SessionAttrs::ReadOnly => startup
                .take(startup::READ_ONLY)
                .map(|(key, value)| startup::set("set", key, &value))
                .unwrap_or_default(),
            _ => String::new(),
        }
    }
}

/// Opens the pool's sessions the way all others are opened.
struct Opener {
    purpose: Purpose,
    connector: Connector,
    why: Arc<Mutex<Option<anyhow::Error>>>,
}

type Opening<'a> =
    Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + 'a>>;

impl Connect for Opener {
    fn connect(&self, _: &Config) -> Opening<'_> {
        Box::pin(async move {
            let failed = match self.connector.connect(self.purpose).await {
                Ok((opened, _)) => {
                    let entry = self.connector.registry.enter(opened.canceller);
                    let serving = opened.task;
                    let task = tokio::spawn(async move {
                        let _entry = entry;
                        let _ = serving.await;
                    });
                    return Ok((opened.client, task));
                }
                Err(failed) => failed,
            };
            let words = failed.explain(&self.connector.target);
            let raw = match failed.failure {
                Failure::Driver(error) => error,
                _ => Error::__private_api_timeout(),
            };
            *self.why.lock().unwrap_or_else(PoisonError::into_inner) = Some(words);
            Err(raw)
        })
    }
}
