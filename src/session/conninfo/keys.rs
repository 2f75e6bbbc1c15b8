//! The keys of a connection string: those that libpq knows, and what we do with each.

use std::collections::BTreeMap;

use crate::exit;

/// What we do with a key that libpq knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Support {
    /// Means here what it means to libpq.
    Honoured,
    /// Changes nothing that matters to us; accepted and dropped.
    Ignored,
    /// Would be a promise that we cannot keep; refused unless it has one of these values.
    Refused(&'static [&'static str]),
}

/// One key of a connection string.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// The environment variable that stands in for it.
    pub(super) variable: Option<&'static str>,
    pub(super) support: Support,
}

const fn key(name: &'static str, variable: &'static str) -> Key {
    let variable = if variable.is_empty() {
        None
    } else {
        Some(variable)
    };
    Key {
        name,
        variable,
        support: Support::Honoured,
    }
}

const fn ignored(name: &'static str, variable: &'static str) -> Key {
    Key {
        support: Support::Ignored,
        ..key(name, variable)
    }
}

const fn refused(name: &'static str, variable: &'static str, but: &'static [&'static str]) -> Key {
    Key {
        support: Support::Refused(but),
        ..key(name, variable)
    }
}

/// Every key up to PostgreSQL 18. `service` comes through the environment by its own rule.
pub(super) const KEYS: &[Key] = &[
    key("host", "PGHOST"),
    key("hostaddr", "PGHOSTADDR"),
    key("port", "PGPORT"),
    key("dbname", "PGDATABASE"),
    key("user", "PGUSER"),
    key("password", "PGPASSWORD"),
    key("passfile", "PGPASSFILE"),
    key("service", ""),
    key("servicefile", ""),
    key("options", "PGOPTIONS"),
    key("application_name", "PGAPPNAME"),
    key("fallback_application_name", ""),
    key("connect_timeout", "PGCONNECT_TIMEOUT"),
    key("sslmode", "PGSSLMODE"),
    key("sslnegotiation", "PGSSLNEGOTIATION"),
    key("sslrootcert", "PGSSLROOTCERT"),
    key("sslcert", "PGSSLCERT"),
    key("sslkey", "PGSSLKEY"),
    key("sslcrl", "PGSSLCRL"),
    key("sslsni", "PGSSLSNI"),
    key("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
    key("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"),
    key("channel_binding", "PGCHANNELBINDING"),
    key("target_session_attrs", "PGTARGETSESSIONATTRS"),
    key("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    key("keepalives", ""),
    key("keepalives_idle", ""),
    key("keepalives_interval", ""),
    key("keepalives_count", ""),
    key("tcp_user_timeout", ""),
    // We always speak UTF-8; the text that arrives is the same.
    ignored("client_encoding", "PGCLIENTENCODING"),
    // Only matter once a server asks for Kerberos, which is refused there in words.
    ignored("krbsrvname", "PGKRBSRVNAME"),
    ignored("gsslib", "PGGSSLIB"),
    ignored("gssdelegation", "PGGSSDELEGATION"),
    ignored("sslcompression", "PGSSLCOMPRESSION"),
    ignored("sslkeylogfile", ""),
    ignored("authtype", ""),
    ignored("tty", ""),
    // Only the password of an encrypted key, and such keys are refused where they are read.
    ignored("sslpassword", ""),
    refused("sslcrldir", "PGSSLCRLDIR", &[]),
    refused("sslcertmode", "PGSSLCERTMODE", &["allow"]),
    refused("gssencmode", "PGGSSENCMODE", &["disable", "prefer"]),
    refused("require_auth", "PGREQUIREAUTH", &[]),
    refused("requirepeer", "PGREQUIREPEER", &[]),
    refused("replication", "", &["false", "off", "no", "0"]),
    refused("min_protocol_version", "PGMINPROTOCOLVERSION", &["3.0"]),
    ignored("max_protocol_version", "PGMAXPROTOCOLVERSION"),
    refused("scram_client_key", "", &[]),
    refused("scram_server_key", "", &[]),
    refused("oauth_issuer", "", &[]),
    refused("oauth_client_id", "", &[]),
    refused("oauth_client_secret", "", &[]),
    refused("oauth_scope", "", &[]),
];

/// The settings of one source (the string, the service, the environment), by key.
///
/// No `Debug`: one of the values is a password.
#[derive(Clone, Default)]
pub(super) struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    /// Sets a key as libpq does: a later value replaces an earlier one.
    pub(super) fn set(&mut self, name: &str, value: String) -> anyhow::Result<()> {
        // libpq still takes these old spellings.
        let (name, value) = match (name, value.as_str()) {
            ("requiressl", "1") => ("sslmode", "require".to_owned()),
            ("requiressl", _) => ("sslmode", "prefer".to_owned()),
            _ => (name, value),
        };
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            return Err(unknown(name));
        };
        if let Support::Refused(but) = key.support
            && !value.is_empty()
            && !but.contains(&value.as_str())
        {
            return Err(refusal(key, but));
        }
        self.0.insert(key.name, value);
        Ok(())
    }

    /// The value of a key; empty counts as not given, as it does for almost every key of libpq.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Takes from `weaker` what is not set here.
    pub(super) fn fill_from(&mut self, weaker: Self) {
        for (name, value) in weaker.0 {
            self.0.entry(name).or_insert(value);
        }
    }

    #[cfg(test)]
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

fn refusal(key: &Key, but: &[&str]) -> anyhow::Error {
    let name = key.name;
    let instead = match but {
        [] => "leave it out".to_owned(),
        values => format!("leave it out, or use {name}={}", values.join(" or ")),
    };
    exit::usage(format!(
        "the connection option {name} is not supported here: {instead}"
    ))
}

/// Names the key only where it looks like one: in a mangled string it may be part of a password.
fn unknown(name: &str) -> anyhow::Error {
    let looks_like_key =
        name.len() <= 40 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if name.is_empty() || !looks_like_key {
        return exit::usage(
            "the connection string has an option that is not a known key \
             (a space or & in a value must be quoted or percent-encoded)",
        );
    }
    let nearest = KEYS
        .iter()
        .map(|key| (strsim::jaro_winkler(name, key.name), key.name))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.75);
    let hint = nearest.map_or_else(String::new, |(_, name)| format!("; did you mean {name}?"));
    exit::usage(format!("unknown connection option \"{name}\"{hint}"))
}
