//! A connection that stands: what the server is, and the task that serves it.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, SimpleQueryMessage};

use super::cancel::Canceller;
use super::connect::Pair;
use super::conninfo::{Endpoint, SessionAttrs};
use super::error::Failure;
use super::quote::printable;

/// Notices beyond this are dropped: a chatty function must not fill our memory.
const MAX_NOTICES: usize = 1000;

/// The server's notices, oldest first.
#[derive(Clone, Default)]
pub(super) struct Notices(Arc<Mutex<Vec<String>>>);

impl Notices {
    fn push(&self, notice: String) {
        let mut notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notices.len() < MAX_NOTICES {
            notices.push(notice);
        }
    }

    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A fresh connection.
pub(super) struct Opened {
    pub(super) client: Client,
    pub(super) task: JoinHandle<()>,
    pub(super) notices: Notices,
    pub(super) canceller: Canceller,
    /// The server of the list that it is connected to.
    pub(super) endpoint: Endpoint,
    /// As the server writes it, such as `15.18 (Debian 15.18-0+deb12u1)`.
    pub(super) version: String,
}

impl Opened {
    /// Starts serving the connection and checks that the server is of the wanted kind.
    pub(super) async fn start(
        (client, mut connection): Pair,
        canceller: Canceller,
        endpoint: &Endpoint,
        wanted: SessionAttrs,
    ) -> Result<Self, Failure> {
        let version = connection
            .parameter("server_version")
            .unwrap_or_default()
            .to_owned();
        let notices = Notices::default();
        let heard = notices.clone();
        let task = tokio::spawn(async move {
            // An error here also ends the statement that is waiting, which reports it.
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notice(notice) = message {
                    let said = [Some(notice.message()), notice.detail(), notice.hint()];
                    let said: Vec<&str> = said.into_iter().flatten().collect();
                    heard.push(printable(&format!(
                        "{}: {}",
                        notice.severity(),
                        said.join("; ")
                    )));
                }
            }
        });
        let opened = Self {
            client,
            task,
            notices,
            canceller,
            endpoint: endpoint.clone(),
            version,
        };
        opened.check(wanted).await?;
        Ok(opened)
    }

    async fn check(&self, wanted: SessionAttrs) -> Result<(), Failure> {
        let (question, right, wrong) = match wanted {
            SessionAttrs::Any | SessionAttrs::PreferStandby => return Ok(()),
            SessionAttrs::ReadWrite => (
                WRITES,
                "off",
                "the server takes no writes, and target_session_attrs=read-write",
            ),
            SessionAttrs::ReadOnly => (
                WRITES,
                "on",
                "the server takes writes, and target_session_attrs=read-only",
            ),
            SessionAttrs::Primary => (
                RECOVERY,
                "f",
                "the server is a standby, and target_session_attrs=primary",
            ),
            SessionAttrs::Standby => (
                RECOVERY,
                "t",
                "the server is not a standby, and target_session_attrs=standby",
            ),
        };
        match self.ask(question).await?.as_deref() {
            Some(answer) if answer == right => Ok(()),
            _ => Err(Failure::Unfit(wrong)),
        }
    }

    /// The one value that a query returns. Simple protocol: works through every pooler.
    pub(super) async fn ask(&self, question: &str) -> Result<Option<String>, Failure> {
        let messages = self
            .client
            .simple_query(question)
            .await
            .map_err(Failure::Driver)?;
        Ok(messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }))
    }

    /// The major version, as far as the server tells.
    pub(super) fn major(&self) -> u32 {
        let digits = self.version.split(|c: char| !c.is_ascii_digit()).next();
        digits
            .and_then(|digits| digits.parse().ok())
            .unwrap_or_default()
    }
}

const WRITES: &str = "select pg_catalog.current_setting('transaction_read_only')";
const RECOVERY: &str = "select pg_catalog.pg_is_in_recovery()";
