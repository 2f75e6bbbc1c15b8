//! Several clients of one pooler, and what they leave on its connections.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use futures_util::future::try_join_all;

use super::detect::Mode;
use crate::probe::reply::{Refused, Reply};
use crate::session::{Connector, Purpose, Session, quote};

/// The setting that is set instead of the tenant's.
pub(super) const SENTINEL: &str = "tenantctl.nonce";
/// What the names of prepared statements begin with.
pub(super) const PREPARED: &str = "tenantctl_nonce_";
/// How many clients are connected at once.
const CLIENTS: usize = 6;
/// A client that waits longer than this for a connection to the server will not get one.
const PATIENCE: Duration = Duration::from_secs(2);

/// Clients that are connected at the same time.
pub(super) struct Clients<'a> {
    pub(super) connector: &'a Connector,
    sessions: Vec<Session>,
    most: usize,
    /// Server connections that were seen.
    seen: RefCell<BTreeSet<String>>,
    /// Those that still carry something of ours.
    dirty: RefCell<BTreeSet<String>>,
    attempts: Cell<usize>,
    /// How the pooler shares; known once it was looked at.
    pub(super) mode: Option<Mode>,
}

/// The answer to one message.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// The last row of two columns: the server's process, and a value.
    Row(String, Option<String>),
    /// No such row.
    Done,
    /// In the server's words, or the pooler's.
    Refused(String),
}

impl<'a> Clients<'a> {
    /// As many as the pooler serves at once; the first is there already.
    pub(super) async fn open(connector: &'a Connector, first: Session) -> Result<Self> {
        let mut clients = Self {
            connector,
            sessions: vec![first],
            most: CLIENTS,
            seen: RefCell::default(),
            dirty: RefCell::default(),
            attempts: Cell::new(0),
            mode: None,
        };
        clients.fill().await;
        Ok(clients)
    }

    /// Connects as many clients as there should be.
    pub(super) async fn fill(&mut self) {
        while self.sessions.len() < self.len() {
            // A pooler that gives each client a connection of its own runs out of them.
            let Ok(Ok(session)) = tokio::time::timeout(PATIENCE, self.one()).await else {
                break;
            };
            let served = tokio::time::timeout(PATIENCE, self.ask(&session, PID)).await;
            if served.is_err() {
                break;
            }
            self.sessions.push(session);
        }
        // Not to be waited for again.
        self.most = self.sessions.len().max(1);
    }

    /// One more client.
    pub(super) async fn one(&self) -> Result<Session> {
        self.connector.open(Purpose::Attack).await
    }

    /// How many the pooler serves at once, as far as we want.
    pub(super) fn len(&self) -> usize {
        self.most
    }

    pub(super) fn servers(&self) -> usize {
        self.seen.borrow().len()
    }

    pub(super) fn attempts(&self) -> usize {
        self.attempts.get()
    }

    pub(super) fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// Something of ours stays on this connection to the server.
    pub(super) fn soil(&self, pid: &str) {
        self.dirty.borrow_mut().insert(pid.to_owned());
    }

    /// One message of one client.
    pub(super) async fn ask(&self, session: &Session, sql: &str) -> Result<Asked> {
        self.attempts.set(self.attempts.get() + 1);
        let messages = match session.simple_query(sql).await {
            Ok(messages) => messages,
            Err(error) if error.is_closed() => {
                return Ok(Asked::Refused("the connection was closed".to_owned()));
            }
            Err(error) => return Ok(Asked::Refused(Refused::from_driver(error)?.text)),
        };
        let Reply::Done(answers) = Reply::read(messages) else {
            return Ok(Asked::Done);
        };
        let mut rows = answers.into_iter().flat_map(|answer| answer.rows);
        let pair = rows.rfind(|row| row.len() == 2);
        let Some([Some(pid), value]) = pair.as_deref() else {
            return Ok(Asked::Done);
        };
        self.seen.borrow_mut().insert(pid.clone());
        Ok(Asked::Row(pid.clone(), value.clone()))
    }

    /// What the tenant's setting says on connections that we were just given.
    pub(super) async fn contexts(&self, context: &str) -> Result<BTreeSet<String>> {
        let sql = format!(
            "select pg_catalog.pg_backend_pid(), pg_catalog.current_setting({}, true)",
            quote::literal(context)
        );
        let mut values = BTreeSet::new();
        for session in self.sessions.iter().cycle().take(self.len() * 5) {
            if let Asked::Row(_, Some(value)) = self.ask(session, &sql).await? {
                values.insert(value);
            }
        }
        values.remove("");
        Ok(values)
    }

    /// Connects anew whoever was thrown out.
    pub(super) async fn mend(&mut self) -> Result<()> {
        for nth in 0..self.sessions.len() {
            if self.sessions[nth].is_closed() {
                self.sessions[nth] = self.one().await?;
            } else if self.mode != Some(Mode::Statement) {
                // Out of a transaction that was refused half-way.
                self.ask(&self.sessions[nth], "rollback").await?;
            }
        }
        Ok(())
    }

    /// Lets go of all connections, so that they can be handed to others.
    pub(super) async fn let_go(&mut self) {
        for session in std::mem::take(&mut self.sessions) {
            session.close().await;
        }
    }

    /// Takes away what was set; which connections could not be reached any more.
    pub(super) async fn clean(&mut self) -> Result<BTreeSet<String>> {
        if self.mode == Some(Mode::Unshared) {
            // Each ended with its client.
            return Ok(BTreeSet::new());
        }
        // All at once, and each for a while: else one connection would serve them all.
        let sql = format!(
            "reset {SENTINEL}; do $do$ declare name text; begin for name in select p.name from \
             pg_catalog.pg_prepared_statements p where p.name like '{PREPARED}%' loop execute \
             pg_catalog.format('deallocate %I', name); end loop; end $do$; \
             select pg_catalog.pg_backend_pid(), pg_catalog.pg_sleep(0.01)::text"
        );
        for _ in 0..20 {
            if self.dirty.borrow().is_empty() {
                break;
            }
            self.fill().await;
            let asking = self.sessions.iter().map(|session| self.ask(session, &sql));
            for asked in try_join_all(asking).await? {
                if let Asked::Row(pid, _) = asked {
                    self.dirty.borrow_mut().remove(&pid);
                }
            }
            if self.mode == Some(Mode::Session) {
                self.let_go().await;
            }
        }
        Ok(self.dirty.take())
    }

    pub(super) async fn close(mut self) {
        self.let_go().await;
    }
}

/// Which process of the server serves, and nothing besides.
pub(super) const PID: &str = "select pg_catalog.pg_backend_pid(), null";
