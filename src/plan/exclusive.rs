//! One apply at a time in a database, and who stands in the way of a lock.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::sync::OnceCell;
use tokio_postgres::SimpleQueryMessage;

use super::blocker;
use crate::session::error::explain;
use crate::session::{Connector, Purpose, Session};

/// The key of the advisory lock: "tenantct" in ASCII, so that it is recognised in `pg_locks`.
const KEY: i64 = 0x7465_6e61_6e74_6374;

/// The key of the advisory lock that a session shares while it makes changes. Where tenantctl is killed, the
/// server goes on with the statement that it was given, and waits for a lock before that: what the next
/// run read meanwhile would be wrong.
pub(super) const AT_WORK: i64 = KEY + 1;

/// How often a second apply looks whether the first is done.
const POLL: Duration = Duration::from_millis(200);

/// The right to change isolation in this database, until dropped.
///
/// It is a lock of an open transaction in a session of its own. A session's advisory lock would
/// be granted twice by a pooler in transaction mode; a transaction is pinned to its server.
///
/// Nothing may be asked in that transaction once it has the lock: while a statement runs it has a
/// snapshot, and a concurrent index build that sees one waits for the whole transaction to end.
pub struct Exclusive {
    session: Session,
    connector: Connector,
    /// For questions; opened when there is one.
    looker: OnceCell<Session>,
}

impl Exclusive {
    /// Waits for up to `patience`; `say` is told once who has it.
    ///
    /// # Errors
    /// The server takes no writes, or another apply does not end.
    pub async fn take(
        connector: &Connector,
        patience: Duration,
        say: &dyn Fn(&str),
    ) -> Result<Self> {
        let exclusive = Self {
            session: connector.open(Purpose::Change).await?,
            connector: connector.clone(),
            looker: OnceCell::new(),
        };
        exclusive.may_write().await?;
        let started = Instant::now();
        let mut said = false;
        while !exclusive.attempt().await? {
            let holder = exclusive.holder().await?;
            if started.elapsed() >= patience {
                bail!(
                    "another tenantctl is changing this database{holder}; nothing was changed, \
                     run again when it is done"
                );
            }
            if !said {
                said = true;
                say(&format!(
                    "another tenantctl is changing this database{holder}; waiting up to {} s",
                    patience.as_secs()
                ));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(exclusive)
    }

    async fn may_write(&self) -> Result<()> {
        let recovery = "select pg_catalog.pg_is_in_recovery()";
        if ask(&self.session, recovery).await?.as_deref() == Some("t") {
            bail!(
                "the server is a standby, read-only: nothing was changed; connect to its primary"
            );
        }
        let setting = "select pg_catalog.current_setting('transaction_read_only')";
        if ask(&self.session, setting).await?.as_deref() == Some("on") {
            bail!(
                "sessions here are read-only (default_transaction_read_only is on): nothing was \
                 changed; turn it off for this role or in the connection's options"
            );
        }
        Ok(())
    }

    /// One attempt; leaves the transaction open only where it has the lock, and where nothing of a run
    /// that was killed is still going on.
    async fn attempt(&self) -> Result<bool> {
        let mut text = String::from(
            "begin; set local search_path = pg_catalog; \
             set local idle_in_transaction_session_timeout = 0; ",
        );
        if self.session.server_major() >= 17 {
            text.push_str("set local transaction_timeout = 0; ");
        }
        text.push_str(&format!(
            "select pg_try_advisory_xact_lock({KEY}) and not exists (select from pg_locks l where {})",
            granted(&[AT_WORK])
        ));
        let got = ask(&self.session, &text).await?.as_deref() == Some("t");
        if !got {
            self.session
                .batch_execute("rollback")
                .await
                .map_err(explain)?;
        }
        Ok(got)
    }

    /// Whether the lock is still ours.
    ///
    /// # Errors
    /// Its session is gone, and with it the lock.
    pub fn check(&self) -> Result<()> {
        if self.session.is_closed() {
            bail!("the session that keeps other applies out has ended; run again to go on");
        }
        Ok(())
    }

    /// Who holds the advisory lock, for a message; empty where it cannot be seen.
    async fn holder(&self) -> Result<String> {
        let question = format!(
            "select pg_catalog.format('pid %s, %s, since %s', l.pid, coalesce(a.usename, '?'),
                                      pg_catalog.to_char(a.xact_start, 'HH24:MI:SS'))
             from pg_catalog.pg_locks l
             left join pg_catalog.pg_stat_activity a on a.pid = l.pid
             where {}
             limit 1",
            granted(&[KEY, AT_WORK])
        );
        Ok(match ask(&self.session, &question).await? {
            Some(holder) => format!(" ({holder})"),
            None => String::new(),
        })
    }

    /// Who keeps a backend waiting right now: pid, role, what it does and for how long.
    pub(super) async fn blockers(&self, pid: i32) -> Result<Vec<String>> {
        let looker = self
            .looker
            .get_or_try_init(|| self.connector.open(Purpose::Change))
            .await?;
        let question = blocker::question(pid);
        let messages = looker.simple_query(&question).await.map_err(explain)?;
        let told = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => {
                let columns = [0, 1, 2, 3, 4].map(|at| row.get(at).unwrap_or_default());
                Some(blocker::told(columns))
            }
            _ => None,
        };
        Ok(messages.iter().filter_map(told).collect())
    }

    /// Gives the right back.
    pub async fn release(self) {
        self.session.close().await;
    }
}

/// Whether a row of `pg_locks` is one of these advisory locks in this database.
fn granted(keys: &[i64]) -> String {
    let low: Vec<String> = keys
        .iter()
        .map(|key| (key & 0xffff_ffff).to_string())
        .collect();
    format!(
        "l.locktype = 'advisory' and l.granted and l.objsubid = 1
         and l.classid = {} and l.objid in ({})
         and l.database = (select d.oid from pg_catalog.pg_database d
                           where d.datname = pg_catalog.current_database())",
        KEY >> 32,
        low.join(", ")
    )
}

async fn ask(session: &Session, question: &str) -> Result<Option<String>> {
    let messages = session
        .simple_query(question)
        .await
        .map_err(explain)
        .context("cannot ask the server whether changes may be made")?;
    Ok(messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    }))
}
