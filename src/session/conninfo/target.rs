//! Where to connect, as whom, and how: what a connection string comes to.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::passfile;
use super::tls::TlsSettings;
use crate::secret::{ExposeSecret, SecretString};
use crate::session::quote;

/// How a host is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// By name or address.
    Tcp(String),
    /// By the folder of its socket.
    Unix(PathBuf),
}

/// One server to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What was asked for; TLS checks the certificate against this name.
    pub host: Host,
    /// The address to use instead of looking the name up.
    pub addr: Option<IpAddr>,
    /// Its port.
    pub port: u16,
}

impl Endpoint {
    /// The name to look for in `.pgpass`: a default socket is `localhost` there.
    pub(super) fn passfile_host(&self) -> String {
        match &self.host {
            Host::Tcp(host) => host.clone(),
            Host::Unix(dir) => match dir.to_str() {
                None | Some("/var/run/postgresql" | "/run/postgresql" | "/tmp") => {
                    "localhost".to_owned()
                }
                Some(dir) => dir.to_owned(),
            },
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port;
        match &self.host {
            Host::Tcp(host) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Host::Tcp(host) => write!(f, "{}:{port}", quote::printable(host)),
            Host::Unix(dir) => {
                write!(f, "{}:{port}", quote::printable(&dir.display().to_string()))
            }
        }
    }
}

/// Which servers of a list will do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionAttrs {
    /// Any.
    #[default]
    Any,
    /// One whose sessions may write by default.
    ReadWrite,
    /// One whose sessions may not write by default.
    ReadOnly,
    /// Not a standby.
    Primary,
    /// A standby.
    Standby,
    /// A standby, or else any.
    PreferStandby,
}

/// A resolved connection: everything but the sockets.
#[derive(Clone)]
pub struct Target {
    /// The servers to try, in order.
    pub endpoints: Vec<Endpoint>,
    /// The login role.
    pub user: String,
    /// The database.
    pub dbname: String,
    /// What is asked of TLS.
    pub tls: TlsSettings,
    /// What the user gave as `options`.
    pub options: Option<String>,
    /// Shown in `pg_stat_activity`.
    pub application_name: String,
    /// For one server; `None` waits for ever, as libpq does when told 0.
    pub connect_timeout: Option<Duration>,
    /// Which servers will do.
    pub session_attrs: SessionAttrs,
    /// Whether to try the servers in random order.
    pub shuffle: bool,
    /// What the user should hear, such as a password file that was ignored.
    pub notes: Vec<String>,
    /// Carries the socket options and the channel binding; no host, no user, no password.
    pub(super) base: tokio_postgres::Config,
    pub(super) password: Option<SecretString>,
    pub(super) passfile: Option<SecretString>,
}

impl Target {
    /// What messages call it; never a secret.
    pub fn label(&self) -> String {
        let hosts: Vec<String> = self.endpoints.iter().map(Endpoint::to_string).collect();
        self.label_at(&hosts.join(","))
    }

    /// The label with one server in place of the list.
    pub(in crate::session) fn label_at(&self, place: &str) -> String {
        let (dbname, user) = (quote::printable(&self.dbname), quote::printable(&self.user));
        format!("database {dbname} on {place} as {user}")
    }

    /// The same place as another role. The password given for the first role is not tried for the
    /// second: what `.pgpass` holds for it is, or what [`with_password`](Self::with_password) sets.
    pub fn with_user(mut self, user: impl Into<String>) -> Self {
        let user = user.into();
        if user != self.user {
            self.password = None;
            self.user = user;
        }
        self
    }

    /// Another database of the same servers.
    pub fn with_database(mut self, dbname: impl Into<String>) -> Self {
        self.dbname = dbname.into();
        self
    }

    /// With this password, whatever `.pgpass` says.
    pub fn with_password(mut self, password: SecretString) -> Self {
        self.password = Some(password);
        self
    }

    /// Without any password, not even one from `.pgpass`.
    pub fn without_password(mut self) -> Self {
        self.password = None;
        self.passfile = None;
        self
    }

    /// Whether there is a password to offer to at least one of the servers.
    pub fn has_password(&self) -> bool {
        self.endpoints
            .iter()
            .any(|endpoint| self.password_for(endpoint).is_some())
    }

    pub(super) fn password_for(&self, endpoint: &Endpoint) -> Option<SecretString> {
        self.password.clone().or_else(|| {
            let host = endpoint.passfile_host();
            let login = passfile::Login {
                host: &host,
                port: endpoint.port,
                dbname: &self.dbname,
                user: &self.user,
            };
            passfile::find(self.passfile.as_ref()?.expose_secret(), &login)
        })
    }

    /// The driver's configuration for one server, at one address where it has any. TLS and the
    /// startup options are the caller's.
    pub(in crate::session) fn config(
        &self,
        endpoint: &Endpoint,
        addr: Option<IpAddr>,
    ) -> tokio_postgres::Config {
        let mut config = self.base.clone();
        config
            .user(&self.user)
            .dbname(&self.dbname)
            .application_name(&self.application_name);
        config.port(endpoint.port);
        match &endpoint.host {
            Host::Tcp(host) => config.host(host),
            Host::Unix(dir) => config.host(dir.to_string_lossy()),
        };
        if let Some(addr) = addr {
            config.hostaddr(addr);
        }
        if let Some(password) = self.password_for(endpoint) {
            config.password(password.expose_secret());
        }
        config
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("label", &self.label())
            .field("tls", &self.tls)
            .field("password", &self.has_password().then_some("***"))
            .finish_non_exhaustive()
    }
}
