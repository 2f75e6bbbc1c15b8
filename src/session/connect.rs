//! One connection: which servers in which order, TLS or plain, and how long to wait.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use rand::seq::SliceRandom as _;
use tokio_postgres::config::{SslMode as DriverMode, SslNegotiation};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::cancel::Canceller;
use super::conninfo::{Endpoint, Host, SessionAttrs, SslMode, Target};
use super::error::Failure;
use super::opened::Opened;

/// The driver's two halves of a connection.
pub(super) type Pair = (
    Client,
    Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>,
);

/// What to connect with.
pub(super) struct Attempt<'a> {
    pub(super) target: &'a Target,
    pub(super) tls: &'a MakeRustlsConnect,
    /// The startup options; `None` where a pooler takes none.
    pub(super) options: Option<&'a str>,
}

/// Why no server of the list would do.
pub(super) struct Failed {
    pub(super) failure: Failure,
    /// Where it happened.
    pub(super) place: String,
    /// The servers that were tried before, each with its reason.
    pub(super) earlier: Vec<String>,
}

impl Failed {
    /// In words that say where, as whom, why, and what to do next.
    pub(super) fn explain(&self, target: &Target) -> anyhow::Error {
        let mut what = format!("cannot connect to {}", target.label_at(&self.place));
        if !self.earlier.is_empty() {
            what = format!("{what} (tried before: {})", self.earlier.join("; "));
        }
        self.failure.explain().context(what)
    }
}

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    Plain,
    /// TLS, or plain where the server has none.
    Either,
    Tls,
}

impl Attempt<'_> {
    /// Tries the servers in order; the first one that is of the wanted kind is it.
    ///
    /// As in libpq, the next server is tried when one cannot be reached, not when it says no.
    pub(super) async fn run(&self, wanted: SessionAttrs) -> Result<Opened, Failed> {
        let mut endpoints: Vec<&Endpoint> = self.target.endpoints.iter().collect();
        if self.target.shuffle {
            endpoints.shuffle(&mut rand::rng());
        }
        let mut last: Option<(Failure, String)> = None;
        let mut earlier = Vec::new();
        for endpoint in endpoints {
            if let Some((failure, place)) = last.take() {
                earlier.push(format!("{place}, {:#}", failure.explain()));
            }
            match self.at_endpoint(endpoint, wanted).await {
                Ok(opened) => return Ok(opened),
                Err(failure) => {
                    let stop = is_answer(&failure);
                    last = Some((failure, endpoint.to_string()));
                    if stop {
                        break;
                    }
                }
            }
        }
        let nowhere = || (Failure::Unfit("no host to connect to"), String::new());
        let (failure, place) = last.unwrap_or_else(nowhere);
        Err(Failed {
            failure,
            place,
            earlier,
        })
    }

    async fn at_endpoint(
        &self,
        endpoint: &Endpoint,
        wanted: SessionAttrs,
    ) -> Result<Opened, Failure> {
        let limit = self.target.connect_timeout;
        let mut addresses = within(limit, addresses(endpoint)).await?;
        if self.target.shuffle {
            addresses.shuffle(&mut rand::rng());
        }
        let mut last = Failure::Lookup(io::ErrorKind::NotFound.into());
        for address in addresses {
            let attempt = async {
                let pair = self.over_wires(endpoint, address).await?;
                let token = pair.0.cancel_token();
                let canceller = Canceller::new(token, (endpoint, address), self.tls);
                Opened::start(pair, canceller, endpoint, wanted).await
            };
            // Around everything: the driver's own timeout ends with the TCP handshake.
            match within(limit, attempt).await {
                Ok(opened) => return Ok(opened),
                Err(failure) if is_answer(&failure) => return Err(failure),
                Err(failure) => last = failure,
            }
        }
        Err(last)
    }

    /// Tries what the sslmode allows, in its order.
    async fn over_wires(&self, endpoint: &Endpoint, at: Option<IpAddr>) -> Result<Pair, Failure> {
        let wires: &[Wire] = match (&endpoint.host, self.target.tls.mode) {
            // libpq ignores sslmode on a socket: nobody listens in between.
            (Host::Unix(_), _) | (_, SslMode::Disable) => &[Wire::Plain],
            (_, SslMode::Allow) => &[Wire::Plain, Wire::Tls],
            (_, SslMode::Prefer) => &[Wire::Either, Wire::Plain],
            (_, SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull) => &[Wire::Tls],
        };
        let mut first = None;
        for wire in wires {
            match self.over(*wire, self.target.config(endpoint, at)).await {
                Ok(pair) => return Ok(pair),
                Err(failure) if may_change_wire(*wire, &failure) => {
                    first.get_or_insert(failure);
                }
                Err(failure) if failure.refuses_options() => return Err(failure),
                // The first failure says more than that of the fallback.
                Err(failure) => return Err(first.unwrap_or(failure)),
            }
        }
        Err(first.unwrap_or(Failure::Unfit("no way to speak to the server")))
    }

    async fn over(&self, wire: Wire, mut config: Config) -> Result<Pair, Failure> {
        config.ssl_mode(match wire {
            Wire::Plain => DriverMode::Disable,
            Wire::Either => DriverMode::Prefer,
            Wire::Tls => DriverMode::Require,
        });
        if self.target.tls.direct && wire == Wire::Tls {
            config.ssl_negotiation(SslNegotiation::Direct);
        }
        if let Some(options) = self.options {
            config.options(options);
        }
        config
            .connect(self.tls.clone())
            .await
            .map_err(Failure::Driver)
    }
}

/// Whether `prefer` or `allow` may try its other wire. A wrong password is not sent twice.
fn may_change_wire(wire: Wire, failure: &Failure) -> bool {
    let rejected = failure.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
    // PgBouncer's way of asking for TLS.
    let violated = failure.code() == Some(&SqlState::PROTOCOL_VIOLATION);
    match wire {
        Wire::Either => failure.is_tls() || rejected,
        Wire::Plain => rejected || (violated && !failure.refuses_options()),
        Wire::Tls => false,
    }
}

/// Whether the server was reached and its answer stands, so that no other server is asked.
pub(super) fn is_answer(failure: &Failure) -> bool {
    match failure {
        Failure::Driver(_) => failure
            .code()
            .is_some_and(|code| *code != SqlState::CANNOT_CONNECT_NOW),
        Failure::OptionsRefused => true,
        Failure::TimedOut(_) | Failure::Lookup(_) | Failure::Unfit(_) => false,
    }
}

/// The addresses of a server; one `None` where there is nothing to look up.
async fn addresses(endpoint: &Endpoint) -> Result<Vec<Option<IpAddr>>, Failure> {
    match (&endpoint.host, endpoint.addr) {
        (_, Some(addr)) => Ok(vec![Some(addr)]),
        (Host::Unix(_), None) => Ok(vec![None]),
        (Host::Tcp(name), None) => {
            let found = tokio::net::lookup_host((name.as_str(), endpoint.port))
                .await
                .map_err(Failure::Lookup)?;
            let mut addresses: Vec<_> = found.map(|address| Some(address.ip())).collect();
            addresses.dedup();
            Ok(addresses)
        }
    }
}

/// Gives up after `limit`.
pub(super) async fn within<T>(
    limit: Option<Duration>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match limit {
        None => work.await,
        Some(limit) => tokio::time::timeout(limit, work)
            .await
            .unwrap_or(Err(Failure::TimedOut(limit))),
    }
}
