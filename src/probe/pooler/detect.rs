//! How a pooler shares its connections, told by what it does.

use std::collections::HashMap;

use anyhow::Result;

use super::clients::{Asked, Clients, PID};

/// How connections to the server are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A client keeps one until it disconnects.
    Session,
    /// A client keeps one until its transaction ends.
    Transaction,
    /// A client keeps one for one message, and may open no transaction.
    Statement,
    /// No connection was seen in the hands of two clients.
    Unshared,
}

impl Mode {
    /// For reports.
    pub fn words(self) -> &'static str {
        match self {
            Self::Session => "session pooling",
            Self::Transaction => "transaction pooling",
            Self::Statement => "statement pooling",
            Self::Unshared => "no sharing seen",
        }
    }

    /// Whether clients that are connected at the same time share connections.
    pub(super) fn shares(self) -> bool {
        matches!(self, Self::Transaction | Self::Statement)
    }
}

/// Rounds in which every client asks once.
const ROUNDS: usize = 10;

/// Finds out, and leaves the clients connected where they share.
pub(super) async fn mode(clients: &mut Clients<'_>) -> Result<Mode> {
    let mode = behaviour(clients).await?;
    clients.mode = Some(mode);
    if mode.shares() {
        clients.mend().await?;
    } else {
        clients.let_go().await;
    }
    Ok(mode)
}

async fn behaviour(clients: &mut Clients<'_>) -> Result<Mode> {
    let mut users: HashMap<String, usize> = HashMap::new();
    let mut shared = false;
    for _ in 0..ROUNDS {
        for (nth, session) in clients.sessions().iter().enumerate() {
            if let Asked::Row(pid, _) = clients.ask(session, PID).await? {
                shared |= *users.entry(pid).or_insert(nth) != nth;
            }
        }
    }
    if shared {
        // An open transaction needs a connection of its own.
        let began = clients.ask(&clients.sessions()[0], "begin").await?;
        return Ok(match began {
            Asked::Refused(_) => Mode::Statement,
            _ => Mode::Transaction,
        });
    }
    // Does the next client get what another has let go?
    clients.let_go().await;
    for _ in 0..ROUNDS {
        let session = clients.one().await?;
        let known: Vec<String> = users.keys().cloned().collect();
        let asked = clients.ask(&session, PID).await?;
        session.close().await;
        if let Asked::Row(pid, _) = asked {
            if known.contains(&pid) {
                return Ok(Mode::Session);
            }
            users.insert(pid, 0);
        }
    }
    Ok(Mode::Unshared)
}
