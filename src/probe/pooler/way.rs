//! Ways of setting something, each tried on the pooler: does it reach another client?

use std::collections::HashMap;

use anyhow::Result;
use futures_util::future::try_join_all;
use serde::Serialize;

use super::clients::{Asked, Clients, PREPARED, SENTINEL};
use super::detect::Mode;
use crate::session::{Connector, Session, quote};

/// How an application may say for whom it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// BEGIN, SET LOCAL, the query, COMMIT.
    LocalInTransaction,
    /// The same with set_config(…, true).
    FunctionInTransaction,
    /// SET LOCAL and the query in one message.
    LocalInOneMessage,
    /// SET.
    Set,
    /// set_config(…, false).
    FunctionForSession,
    /// SET without LOCAL in a transaction that commits.
    SetInTransaction,
    /// SET, the query, RESET.
    SetAndReset,
    /// SET, the query, DISCARD ALL.
    SetAndDiscard,
    /// In the startup message: `options=-c …`.
    Startup,
    /// Not a setting: a prepared statement of one client, and whether another has it.
    Prepared,
}

/// Whether what one client did by a way reached another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Safety {
    /// Others were on the same connection afterwards, and saw nothing.
    Safe,
    /// Another client saw it.
    Leaks,
    /// The pooler or the server does not allow it.
    Refused,
    /// It does not even reach the client's own query.
    NoEffect,
    /// Nobody else was on the connection afterwards.
    Unproven,
}

/// A way, tried.
#[derive(Clone, Debug, Serialize)]
pub struct Tried {
    /// Which.
    #[serde(serialize_with = "as_words")]
    pub way: Way,
    /// What came of it.
    pub verdict: Safety,
    /// How often it was done.
    pub done: usize,
    /// How often another client was on the same connection afterwards.
    pub visits: usize,
    /// How often it saw what had been set.
    pub seen: usize,
    /// In the pooler's or the server's words, where it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

fn as_words<S: serde::Serializer>(way: &Way, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(way.what())
}

/// Rounds in which every client does it, and every client looks.
const ROUNDS: usize = 8;

impl Way {
    /// Every way, safest first.
    pub const ALL: [Self; 10] = [
        Self::LocalInTransaction,
        Self::FunctionInTransaction,
        Self::LocalInOneMessage,
        Self::Startup,
        Self::SetAndReset,
        Self::SetAndDiscard,
        Self::Set,
        Self::FunctionForSession,
        Self::SetInTransaction,
        Self::Prepared,
    ];

    /// For reports.
    pub fn what(self) -> &'static str {
        match self {
            Self::LocalInTransaction => "SET LOCAL in a transaction",
            Self::FunctionInTransaction => "set_config(…, true) in a transaction",
            Self::LocalInOneMessage => "SET LOCAL and the query in one message",
            Self::Set => "SET",
            Self::FunctionForSession => "set_config(…, false)",
            Self::SetInTransaction => "SET in a transaction",
            Self::SetAndReset => "SET, and RESET when done",
            Self::SetAndDiscard => "SET, and DISCARD ALL when done",
            Self::Startup => "startup options",
            Self::Prepared => "PREPARE",
        }
    }

    /// Whether it ends with the transaction.
    pub fn is_local(self) -> bool {
        matches!(
            self,
            Self::LocalInTransaction | Self::FunctionInTransaction | Self::LocalInOneMessage
        )
    }

    /// The messages of one client; one of them returns the server's process and what the client
    /// itself sees.
    fn messages(self, nonce: &str) -> Vec<String> {
        let value = quote::literal(nonce);
        let own = format!(
            "select pg_catalog.pg_backend_pid(), pg_catalog.current_setting('{SENTINEL}', true)"
        );
        let set = format!("set {SENTINEL} = {value}");
        let function =
            |local: bool| format!("select pg_catalog.set_config('{SENTINEL}', {value}, {local})");
        let (begin, commit) = ("begin".to_owned(), "commit".to_owned());
        match self {
            Self::LocalInTransaction => {
                vec![
                    begin,
                    format!("set local {SENTINEL} = {value}"),
                    own,
                    commit,
                ]
            }
            Self::FunctionInTransaction => vec![begin, function(true), own, commit],
            Self::LocalInOneMessage => vec![format!("set local {SENTINEL} = {value}; {own}")],
            // One message, so that the process is the one on which it was set.
            Self::Set => vec![format!("{set}; {own}")],
            Self::FunctionForSession => vec![format!("{}; {own}", function(false))],
            Self::SetInTransaction => vec![begin, set, own, commit],
            Self::SetAndReset => vec![format!("{set}; {own}"), format!("reset {SENTINEL}")],
            Self::SetAndDiscard => vec![format!("{set}; {own}"), "discard all".to_owned()],
            Self::Startup => vec![own],
            Self::Prepared => vec![format!(
                "prepare {PREPARED}{nonce} as select 1; select pg_catalog.pg_backend_pid(), {value}"
            )],
        }
    }

    /// What another client asks.
    fn look(self) -> String {
        match self {
            Self::Prepared => format!(
                "select pg_catalog.pg_backend_pid(), (select pg_catalog.string_agg(p.name, ' ') \
                 from pg_catalog.pg_prepared_statements p where p.name like '{PREPARED}%')"
            ),
            _ => format!(
                "select pg_catalog.pg_backend_pid(), pg_catalog.current_setting('{SENTINEL}', true)"
            ),
        }
    }
}

/// What is counted while a way is tried.
struct Count {
    way: Way,
    done: usize,
    effective: usize,
    visits: usize,
    seen: usize,
    refused: Option<String>,
    /// Who was last to set something on a connection.
    last: HashMap<String, usize>,
    /// Everything that was set, and by whom.
    nonces: HashMap<String, usize>,
}

/// Tries one way.
pub(super) async fn try_out(clients: &mut Clients<'_>, mode: Mode, way: Way) -> Result<Tried> {
    let mut count = Count::new(way);
    if way == Way::SetAndDiscard && mode.shares() {
        // It would throw away what the pooler keeps there for other clients.
        count.refused = Some("not tried: it would disturb other clients of the pooler".to_owned());
    } else if way == Way::Startup {
        startup(clients, &mut count).await?;
    } else if mode.shares() {
        side_by_side(clients, &mut count).await?;
        clients.mend().await?;
    } else {
        one_after_another(clients, &mut count).await?;
    }
    Ok(count.result())
}

/// In turns: all clients do it at once and then look; one does it, and the others look after every
/// message of it.
async fn side_by_side(clients: &Clients<'_>, count: &mut Count) -> Result<()> {
    let sessions: Vec<(usize, &Session)> = clients.sessions().iter().enumerate().collect();
    for round in 0..ROUNDS {
        if round % 2 == 0 {
            let nonces: Vec<String> = (0..sessions.len()).map(|nth| count.nonce(nth)).collect();
            let doing = sessions.iter().zip(&nonces);
            let way = count.way;
            let done = doing.map(|((_, session), nonce)| perform(clients, session, (way, nonce)));
            for (nth, answer) in try_join_all(done).await?.into_iter().enumerate() {
                count.did(clients, (nth, answer));
            }
            everybody_looks(clients, count).await?;
        } else {
            let nth = round / 2 % sessions.len();
            for message in count.way.messages(&count.nonce(nth)) {
                let answer = clients.ask(sessions[nth].1, &message).await?;
                count.did(clients, (nth, answer));
                everybody_looks(clients, count).await?;
            }
        }
        if count.refused.is_some() {
            break;
        }
    }
    Ok(())
}

/// The one who just did it is among them, and may be in a transaction: what he sees is his own.
async fn everybody_looks(clients: &Clients<'_>, count: &mut Count) -> Result<()> {
    let look = count.way.look();
    let looking = clients.sessions().iter();
    let looking = looking.map(|session| clients.ask(session, &look));
    for (nth, answer) in try_join_all(looking).await?.into_iter().enumerate() {
        count.looked(nth, &answer);
    }
    Ok(())
}

/// One client does it and goes; the next looks.
async fn one_after_another(clients: &Clients<'_>, count: &mut Count) -> Result<()> {
    for nth in (0..ROUNDS * 2).step_by(2) {
        let nonce = count.nonce(nth);
        let session = clients.one().await?;
        let answer = perform(clients, &session, (count.way, &nonce)).await?;
        session.close().await;
        count.did(clients, (nth, answer));
        if count.refused.is_some() {
            return Ok(());
        }
        let session = clients.one().await?;
        let answer = clients.ask(&session, &count.way.look()).await?;
        session.close().await;
        count.looked(nth + 1, &answer);
    }
    Ok(())
}

/// Clients that bring the setting along when they connect.
async fn startup(clients: &Clients<'_>, count: &mut Count) -> Result<()> {
    for nth in (0..ROUNDS * 2).step_by(2) {
        let nonce = count.nonce(nth);
        let mut target = clients.connector.target().clone();
        target.options = Some(format!("-c {SENTINEL}={nonce}"));
        let connector: Connector = clients.connector.at(target)?;
        let session = match connector.open(crate::session::Purpose::Attack).await {
            Ok(session) => session,
            Err(error) => {
                count.refused = Some(error.root_cause().to_string());
                return Ok(());
            }
        };
        let answer = perform(clients, &session, (count.way, &nonce)).await?;
        count.did(clients, (nth, answer));
        // While it is still there, and after it has gone.
        for other in clients.sessions() {
            count.looked(nth + 1, &clients.ask(other, &count.way.look()).await?);
        }
        session.close().await;
        let other = clients.one().await?;
        count.looked(nth + 1, &clients.ask(&other, &count.way.look()).await?);
        other.close().await;
    }
    Ok(())
}

/// The messages of a way, one after the other; the row that one of them returns.
async fn perform(
    clients: &Clients<'_>,
    session: &Session,
    (way, nonce): (Way, &str),
) -> Result<Asked> {
    let mut row = Asked::Done;
    for message in way.messages(nonce) {
        match clients.ask(session, &message).await? {
            Asked::Row(pid, value) => row = Asked::Row(pid, value),
            Asked::Done => {}
            Asked::Refused(why) => return Ok(Asked::Refused(why)),
        }
    }
    Ok(row)
}

impl Count {
    fn new(way: Way) -> Self {
        Self {
            way,
            done: 0,
            effective: 0,
            visits: 0,
            seen: 0,
            refused: None,
            last: HashMap::new(),
            nonces: HashMap::new(),
        }
    }

    /// Something that nobody else has set.
    fn nonce(&mut self, nth: usize) -> String {
        let nonce = format!("{:016x}", rand::random::<u64>());
        self.nonces.insert(nonce.clone(), nth);
        nonce
    }

    fn did(&mut self, clients: &Clients<'_>, (nth, answer): (usize, Asked)) {
        match answer {
            Asked::Row(pid, value) => {
                self.done += 1;
                if !self.way.is_local() {
                    clients.soil(&pid);
                }
                self.last.insert(pid, nth);
                let own = value.and_then(|value| self.nonces.get(&value).copied());
                self.effective += usize::from(own == Some(nth));
            }
            Asked::Done => {}
            Asked::Refused(why) => self.refused = Some(why),
        }
    }

    fn looked(&mut self, nth: usize, answer: &Asked) {
        let Asked::Row(pid, value) = answer else {
            return;
        };
        self.visits += usize::from(self.last.get(pid).is_some_and(|last| *last != nth));
        let names = value.as_deref().unwrap_or_default().split(' ');
        let foreign = names
            .map(|name| name.trim_start_matches(PREPARED))
            .any(|name| self.nonces.get(name).is_some_and(|whose| *whose != nth));
        self.seen += usize::from(foreign);
    }

    fn result(self) -> Tried {
        let verdict = match self {
            Self { seen: 1.., .. } => Safety::Leaks,
            Self {
                refused: Some(_), ..
            } => Safety::Refused,
            Self { effective: 0, .. } => Safety::NoEffect,
            Self { visits: 0, .. } => Safety::Unproven,
            _ => Safety::Safe,
        };
        Tried {
            way: self.way,
            verdict,
            done: self.done,
            visits: self.visits,
            seen: self.seen,
            why: self.refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_counts_only_where_somebody_was_there() {
        let mut count = Count::new(Way::Set);
        count.done = 5;
        count.effective = 5;
        assert_eq!(count.result().verdict, Safety::Unproven);
        let mut count = Count::new(Way::Set);
        let nonce = count.nonce(0);
        count.last.insert("7".to_owned(), 0);
        count.effective = 1;
        count.looked(1, &Asked::Row("7".to_owned(), None));
        count.looked(0, &Asked::Row("7".to_owned(), Some(nonce.clone())));
        assert_eq!((count.visits, count.seen), (1, 0));
        count.looked(1, &Asked::Row("7".to_owned(), Some(nonce)));
        assert_eq!(count.result().verdict, Safety::Leaks);
    }

    #[test]
    fn what_does_not_reach_the_own_query_is_no_way() {
        let mut count = Count::new(Way::Startup);
        count.done = 3;
        count.visits = 3;
        assert_eq!(count.result().verdict, Safety::NoEffect);
    }
}
