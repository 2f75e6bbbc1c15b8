//! Errors in words: what the server said, what went wrong on the way to it, and what to do next.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio_postgres::error::{DbError, SqlState};

use super::certificate;
use super::quote::printable;

/// What the server answered. Kept in the `anyhow` chain, so that callers can match the SQLSTATE.
#[derive(Debug)]
pub struct ServerError {
    code: SqlState,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
}

impl ServerError {
    /// The five letters that say what kind of error it is.
    pub fn code(&self) -> &SqlState {
        &self.code
    }

    /// The message alone.
    pub fn message(&self) -> &str {
        &self.message
    }

    fn new(error: &DbError) -> Self {
        let text = |part: &str| printable(part.trim_end_matches('.'));
        Self {
            code: error.code().clone(),
            message: text(error.message()),
            // "Failing row contains (…)" would show a tenant's row.
            detail: error
                .detail()
                .filter(|d| !d.starts_with("Failing row"))
                .map(text),
            hint: error.hint().map(text),
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.code.code())?;
        for more in self.detail.iter().chain(&self.hint) {
            write!(f, "; {more}")?;
        }
        if let Some(step) = next_step(&self.code) {
            write!(f, "; {step}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ServerError {}

/// The connection broke while it was in use: what was running may or may not have happened.
#[derive(Debug)]
pub struct ConnectionLost(Option<String>);

impl fmt::Display for ConnectionLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection to the server was lost")?;
        self.0.as_ref().map_or(Ok(()), |why| write!(f, " ({why})"))
    }
}

impl std::error::Error for ConnectionLost {}

/// Turns the driver's error into one that can be shown: `permission denied for table orders
/// (SQLSTATE 42501)`.
#[expect(
    clippy::needless_pass_by_value,
    reason = "so that `map_err(explain)` reads as it does"
)]
pub fn explain(error: tokio_postgres::Error) -> anyhow::Error {
    if let Some(server) = error.as_db_error() {
        return ServerError::new(server).into();
    }
    let io = find_cause::<io::Error>(&error);
    if error.is_closed() || io.is_some() {
        return ConnectionLost(io.map(ToString::to_string)).into();
    }
    anyhow::anyhow!(with_causes(&error))
}

/// The SQLSTATE of a server's error anywhere in the chain.
pub fn sqlstate(error: &anyhow::Error) -> Option<SqlState> {
    error.chain().find_map(|cause| {
        let explained = cause
            .downcast_ref::<ServerError>()
            .map(|server| &server.code);
        let raw = || {
            cause
                .downcast_ref::<tokio_postgres::Error>()
                .and_then(|e| e.code())
        };
        explained.or_else(raw).cloned()
    })
}

/// Whether the connection broke, so that nobody knows whether the last statement happened.
pub fn is_lost(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<ConnectionLost>())
        || sqlstate(error).is_some_and(|code| {
            [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN].contains(&code)
        })
}

/// Why a connection was not made.
#[derive(Debug)]
pub(super) enum Failure {
    /// The driver, the server or TLS said no.
    Driver(tokio_postgres::Error),
    /// Nothing came back in time.
    TimedOut(Duration),
    /// The host name has no address.
    Lookup(io::Error),
    /// The server is not of the kind that was asked for.
    Unfit(&'static str),
    /// A pooler would drop options that the user gave.
    OptionsRefused,
}

impl Failure {
    /// The driver's error, where it is one.
    pub(super) fn driver(&self) -> Option<&tokio_postgres::Error> {
        match self {
            Self::Driver(error) => Some(error),
            _ => None,
        }
    }

    pub(super) fn code(&self) -> Option<&SqlState> {
        self.driver().and_then(tokio_postgres::Error::code)
    }

    /// Whether these are a pooler's words for startup options that it does not forward.
    pub(super) fn refuses_options(&self) -> bool {
        self.driver()
            .and_then(tokio_postgres::Error::as_db_error)
            .is_some_and(|server| {
                *server.code() == SqlState::PROTOCOL_VIOLATION
                    && server.message().contains("unsupported startup parameter")
            })
    }

    /// Whether the TLS handshake failed. The driver has no other way to ask.
    pub(super) fn is_tls(&self) -> bool {
        self.driver()
            .is_some_and(|error| error.to_string().contains("TLS handshake"))
    }

    /// As an error that says what to do next; the caller adds the place.
    pub(super) fn explain(&self) -> anyhow::Error {
        match self {
            Self::Driver(error) => explain_connecting(error),
            Self::TimedOut(limit) => anyhow::anyhow!(
                "timed out: no answer within {} s; check host, port and firewall, or raise \
                 connect_timeout",
                limit.as_secs()
            ),
            Self::Lookup(error) => {
                anyhow::anyhow!("the host name has no address ({error}); check its spelling")
            }
            Self::Unfit(why) => anyhow::anyhow!("{why}"),
            Self::OptionsRefused => anyhow::anyhow!(
                "the pooler in between takes no options; leave out options (PGOPTIONS), or connect \
                 to the server itself"
            ),
        }
    }
}

fn explain_connecting(error: &tokio_postgres::Error) -> anyhow::Error {
    if let Some(server) = error.as_db_error() {
        return ServerError::new(server).into();
    }
    if let Some(tls) = find_cause::<rustls::Error>(error) {
        return anyhow::anyhow!(certificate::explain(tls));
    }
    let text = with_causes(error);
    if text.contains("password missing") {
        return anyhow::anyhow!(
            "the server asks for a password and there is none; set PGPASSWORD, or add a line to \
             ~/.pgpass"
        );
    }
    if text.contains("does not support TLS") {
        return anyhow::anyhow!(
            "the server does not offer TLS, and sslmode asks for it; turn ssl on at the server, or \
             lower sslmode where the network is trusted"
        );
    }
    if text.contains("unsupported authentication method") {
        return anyhow::anyhow!(
            "the server asks for a login that is not supported (Kerberos, SSPI); add a \
             scram-sha-256 or cert line to its pg_hba.conf"
        );
    }
    if text.contains("channel binding") {
        return anyhow::anyhow!("channel_binding=require, but {text}");
    }
    if error.is_closed() {
        return anyhow::anyhow!("the server closed the connection; its log says why");
    }
    match find_cause::<io::Error>(error) {
        Some(io) => anyhow::anyhow!("{io}{}", io_step(io)),
        None => anyhow::anyhow!(text),
    }
}

fn io_step(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "; no server listens there: start it, or check host and port"
        }
        io::ErrorKind::NotFound => "; no server has its socket there: start it, or set host",
        io::ErrorKind::PermissionDenied => "; this user may not use the socket",
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            "; what listens there hung up: is it PostgreSQL (17 or later for sslnegotiation=direct)?"
        }
        _ => "",
    }
}

/// What to do about an error whose cure is always the same.
fn next_step(code: &SqlState) -> Option<&'static str> {
    Some(match code.code() {
        "28P01" => "check the user and the password (the URL, PGPASSWORD or ~/.pgpass)",
        "28000" => "check the user, and the lines of the server's pg_hba.conf for it",
        "3D000" => "check the name of the database",
        "53300" => "wait for sessions to end, or raise max_connections or the role's limit",
        "57P03" => "the server is starting or stopping: try again",
        "57P01" => "an administrator ended the session: try again",
        _ => return None,
    })
}

/// The error and its causes on one line, each said once.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    printable(&text)
}

/// The first cause of a type, looking into `io::Error`s, which hide theirs from `source`.
fn find_cause<'a, T: std::error::Error + 'static>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a T> {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        if let Some(found) = inner.downcast_ref::<T>() {
            return Some(found);
        }
        let wrapped = inner
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        cause = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => inner.source(),
        };
    }
    None
}
