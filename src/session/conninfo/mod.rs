//! libpq's conventions: from a connection string, a service and the environment to a [`Target`].
//!
//! Written by hand because the driver's own parser knows neither the environment, `.pgpass` and
//! service files nor half of the sslmodes. What a source sets is decided in libpq's order: the
//! string, then the service that it names, then the environment, then the defaults.

mod account;
mod environment;
mod keys;
mod keyvalue;
mod passfile;
mod program;
mod service;
mod target;
#[cfg(test)]
mod tests;
mod tls;
mod uri;

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::config::ChannelBinding;

use crate::exit;
use crate::secret::SecretString;
use keys::{KEYS, Settings};
use tls::choice;

pub use environment::Environment;
pub use target::{Endpoint, Host, SessionAttrs, Target};
pub use tls::{File, Roots, SslMode, TlsSettings};

/// How long to wait for a server when nobody said.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_PORT: u16 = 5432;

/// Finds out where to connect. What is wrong with the string is a usage error, and no message
/// quotes the string or a value from it that could be (part of) a password.
pub fn resolve(explicit: Option<&str>, env: &Environment) -> anyhow::Result<Target> {
    let settings = gather(explicit, env)?;
    let user = match (settings.get("user"), &env.user) {
        (Some(user), _) => user.to_owned(),
        (None, Some(user)) => user.clone(),
        (None, None) => {
            return Err(exit::usage(
                "no user name to connect with: set user or PGUSER",
            ));
        }
    };
    let password = settings.get("password").map(SecretString::from);
    let passfile = match settings.get("passfile") {
        Some(path) => Some(PathBuf::from(path)),
        None => env.home.as_ref().map(|home| home.join(".pgpass")),
    };
    let mut notes = Vec::new();
    let passfile = passfile.and_then(|path| passfile::read(&path, &mut notes));
    if password.is_some() {
        // The file is only for other roles then, and nobody may ever ask for one.
        notes.clear();
    }
    let application_name = settings
        .get("application_name")
        .or_else(|| settings.get("fallback_application_name"))
        .unwrap_or("tenantctl");
    Ok(Target {
        endpoints: endpoints(&settings, env)?,
        dbname: settings.get("dbname").unwrap_or(&user).to_owned(),
        user,
        tls: TlsSettings::read(&settings, env)?,
        options: settings.get("options").map(str::to_owned),
        application_name: application_name.to_owned(),
        connect_timeout: connect_timeout(&settings)?,
        session_attrs: session_attrs(&settings)?,
        shuffle: choice(&settings, "load_balance_hosts", &["disable", "random"])? == Some("random"),
        base: base(&settings)?,
        password,
        passfile,
        notes,
    })
}

/// The settings of all sources, each key from the strongest that sets it.
fn gather(explicit: Option<&str>, env: &Environment) -> anyhow::Result<Settings> {
    let mut settings = match explicit.map(|text| (text, uri::body(text))) {
        None => Settings::default(),
        Some((_, Some(body))) => uri::parse(body)?,
        Some((text, None)) => keyvalue::parse(text)?,
    };
    let service = settings
        .get("service")
        .map(str::to_owned)
        .or_else(|| env.get("PGSERVICE"));
    if let Some(name) = service {
        let file = settings
            .get("servicefile")
            .map(str::to_owned)
            .or_else(|| env.get("PGSERVICEFILE"));
        settings.fill_from(service::load(&name, file.as_deref(), env)?);
    }
    let mut surroundings = Settings::default();
    for key in KEYS {
        let Some(variable) = key.variable else {
            continue;
        };
        if let Some(value) = env.get(variable) {
            surroundings.set(key.name, value).map_err(|error| {
                exit::usage(format!(
                    "the environment variable {variable} cannot be used: {error}"
                ))
            })?;
        }
    }
    settings.fill_from(surroundings);
    Ok(settings)
}

/// Pairs the lists of hosts, addresses and ports.
fn endpoints(settings: &Settings, env: &Environment) -> anyhow::Result<Vec<Endpoint>> {
    let list = |key: &str| -> Vec<String> {
        let value = settings.get(key).unwrap_or_default();
        value
            .split(',')
            .map(|element| element.trim().to_owned())
            .collect()
    };
    let (hosts, addrs, ports) = (list("host"), list("hostaddr"), list("port"));
    let given = |key: &str| settings.get(key).is_some();
    let count = if given("hostaddr") {
        addrs.len()
    } else {
        hosts.len()
    };
    if given("host") && hosts.len() != count {
        return Err(exit::usage(format!(
            "{} host names do not fit {count} hostaddr values",
            hosts.len()
        )));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(exit::usage(format!(
            "{} ports do not fit {count} hosts",
            ports.len()
        )));
    }
    (0..count)
        .map(|nth| {
            let port = port(ports.get(nth).or(ports.first()).map_or("", String::as_str))?;
            let name = hosts.get(nth).map_or("", String::as_str);
            let addr = match addrs.get(nth).map_or("", String::as_str) {
                "" => None,
                text => Some(text.parse().map_err(|_| {
                    exit::usage("hostaddr must be an IP address (use host for a name)")
                })?),
            };
            let host = match (name, addr) {
                ("", Some(addr)) => Host::Tcp(std::net::IpAddr::to_string(&addr)),
                ("", None) => default_host(port, env),
                (name, _) => host(name)?,
            };
            Ok(Endpoint { host, addr, port })
        })
        .collect()
}

fn host(name: &str) -> anyhow::Result<Host> {
    if name.starts_with('/') {
        return Ok(Host::Unix(name.into()));
    }
    if name.starts_with('@') && !name[1..].contains('@') {
        return Err(exit::usage(
            "abstract unix sockets (a host that begins with @) are not supported",
        ));
    }
    // Not a character of any host name; most likely the end of a password.
    if name.contains(['@', ' ']) {
        return Err(exit::usage(
            "the host name has an @ or a space in it: percent-encode the password",
        ));
    }
    Ok(Host::Tcp(name.to_owned()))
}

/// The socket of a local server, or `localhost` where there is none.
fn default_host(port: u16, env: &Environment) -> Host {
    let socket = format!(".s.PGSQL.{port}");
    env.socket_dirs
        .iter()
        .find(|dir| dir.join(&socket).exists())
        .map_or_else(
            || Host::Tcp("localhost".to_owned()),
            |dir| Host::Unix(dir.clone()),
        )
}

fn port(text: &str) -> anyhow::Result<u16> {
    match text {
        "" => Ok(DEFAULT_PORT),
        text => text.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
            exit::usage("the port in the connection settings is not a number from 1 to 65535")
        }),
    }
}

fn number(settings: &Settings, key: &str) -> anyhow::Result<Option<i64>> {
    let parse = |text: &str| {
        text.trim()
            .parse()
            .map_err(|_| exit::usage(format!("the connection option {key} is not a whole number")))
    };
    settings.get(key).map(parse).transpose()
}

fn connect_timeout(settings: &Settings) -> anyhow::Result<Option<Duration>> {
    Ok(match number(settings, "connect_timeout")? {
        None => Some(CONNECT_TIMEOUT),
        Some(seconds) => u64::try_from(seconds)
            .ok()
            .filter(|s| *s > 0)
            .map(Duration::from_secs),
    })
}

fn session_attrs(settings: &Settings) -> anyhow::Result<SessionAttrs> {
    let words = [
        "any",
        "read-write",
        "read-only",
        "primary",
        "standby",
        "prefer-standby",
    ];
    Ok(match choice(settings, "target_session_attrs", &words)? {
        Some("read-write") => SessionAttrs::ReadWrite,
        Some("read-only") => SessionAttrs::ReadOnly,
        Some("primary") => SessionAttrs::Primary,
        Some("standby") => SessionAttrs::Standby,
        Some("prefer-standby") => SessionAttrs::PreferStandby,
        _ => SessionAttrs::Any,
    })
}

/// What the driver does by itself: the socket options and the channel binding.
fn base(settings: &Settings) -> anyhow::Result<tokio_postgres::Config> {
    let mut config = tokio_postgres::Config::new();
    config.channel_binding(
        match choice(
            settings,
            "channel_binding",
            &["disable", "prefer", "require"],
        )? {
            Some("disable") => ChannelBinding::Disable,
            Some("require") => ChannelBinding::Require,
            _ => ChannelBinding::Prefer,
        },
    );
    let positive = |key| -> anyhow::Result<Option<u64>> {
        Ok(number(settings, key)?
            .and_then(|n| u64::try_from(n).ok())
            .filter(|n| *n > 0))
    };
    config.keepalives(number(settings, "keepalives")? != Some(0));
    if let Some(seconds) = positive("keepalives_idle")? {
        config.keepalives_idle(Duration::from_secs(seconds));
    }
    if let Some(seconds) = positive("keepalives_interval")? {
        config.keepalives_interval(Duration::from_secs(seconds));
    }
    if let Some(count) = positive("keepalives_count")? {
        config.keepalives_retries(u32::try_from(count).unwrap_or(u32::MAX));
    }
    if let Some(milliseconds) = positive("tcp_user_timeout")? {
        config.tcp_user_timeout(Duration::from_millis(milliseconds));
    }
    Ok(config)
}
