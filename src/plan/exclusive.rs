//! One apply at a time in a database, and who stands in the way of a lock.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio_postgres::SimpleQueryMessage;

use crate::session::error::explain;
use crate::session::{Connector, Purpose, Session};

/// The key of the advisory lock: "tenantct" in ASCII, so that it is recognised in `pg_locks`.
const KEY: i64 = 0x7465_6e61_6e74_6374;

/// How often a second apply looks whether the first is done.
const POLL: Duration = Duration::from_millis(200);

/// The right to change isolation in this database, until dropped.
///
/// It is a lock of an open transaction in a session of its own. A session's advisory lock would
/// be granted twice by a pooler in transaction mode; a transaction is pinned to its server. It has
/// no snapshot, so it holds up neither VACUUM nor a concurrent index build.
pub struct Exclusive {
    session: Session,
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
        let session = connector.open(Purpose::Change).await?;
        let exclusive = Self { session };
        exclusive.begin().await?;
        let started = Instant::now();
        let mut said = false;
        loop {
            let question = format!("select pg_catalog.pg_try_advisory_xact_lock({KEY})");
            if exclusive.ask(&question).await?.as_deref() == Some("t") {
                return Ok(exclusive);
            }
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
    }

    async fn begin(&self) -> Result<()> {
        let mut begin = String::from(
            "begin; set local search_path = pg_catalog; \
             set local idle_in_transaction_session_timeout = 0",
        );
        if self.session.server_major() >= 17 {
            begin.push_str("; set local transaction_timeout = 0");
        }
        self.session.batch_execute(&begin).await.map_err(explain)?;
        if self.ask("select pg_is_in_recovery()").await?.as_deref() == Some("t") {
            bail!(
                "the server is a standby, read-only: nothing was changed; connect to its primary"
            );
        }
        let read_only = self
            .ask("select current_setting('transaction_read_only')")
            .await?;
        if read_only.as_deref() == Some("on") {
            bail!(
                "sessions here are read-only (default_transaction_read_only is on): nothing was \
                 changed; turn it off for this role or in the connection's options"
            );
        }
        Ok(())
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
            "select format('pid %s, %s, since %s', l.pid, coalesce(a.usename, '?'),
                           to_char(a.xact_start, 'HH24:MI:SS'))
             from pg_locks l
             left join pg_stat_activity a on a.pid = l.pid
             where l.locktype = 'advisory' and l.granted and l.objsubid = 1
               and l.classid = {} and l.objid = {}
               and l.database = (select oid from pg_database where datname = current_database())
             limit 1",
            KEY >> 32,
            KEY & 0xffff_ffff
        );
        Ok(match self.ask(&question).await? {
            Some(holder) => format!(" ({holder})"),
            None => String::new(),
        })
    }

    /// Who keeps a backend waiting right now: pid, role, what it does and for how long. Its
    /// statement is not shown, because tenants' data may stand in it.
    pub(super) async fn blockers(&self, pid: i32) -> Result<Vec<String>> {
        // Inside of a transaction the server would answer from its first look.
        let question = format!(
            "select pg_stat_clear_snapshot(); \
             select format('pid %s (%s, %s for %s s)', b.pid, coalesce(a.usename, '?'),
                           coalesce(a.state, 'running'),
                           coalesce(round(extract(epoch from clock_timestamp()
                                    - coalesce(a.xact_start, a.state_change))), 0))
             from unnest(pg_blocking_pids({pid})) as b (pid)
             left join pg_stat_activity a on a.pid = b.pid
             group by b.pid, a.usename, a.state, a.xact_start, a.state_change
             order by b.pid"
        );
        let messages = self
            .session
            .simple_query(&question)
            .await
            .map_err(explain)?;
        Ok(messages
            .iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => row.get(0),
                _ => None,
            })
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect())
    }

    async fn ask(&self, question: &str) -> Result<Option<String>> {
        let messages = self
            .session
            .simple_query(question)
            .await
            .map_err(explain)
            .context("cannot ask the server whether changes may be made")?;
        Ok(messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }))
    }

    /// Gives the right back.
    pub async fn release(self) {
        self.session.close().await;
    }
}
