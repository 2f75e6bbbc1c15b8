//! The TLS part of a connection string: what is asked for, before any file is read.

use std::path::PathBuf;

use super::environment::Environment;
use super::keys::Settings;
use crate::exit;

/// libpq's `sslmode`, with libpq's meanings. Ordered from weakest to strongest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SslMode {
    /// Never.
    Disable,
    /// Only where the server insists.
    Allow,
    /// Where the server can, and plain otherwise.
    #[default]
    Prefer,
    /// Always, with whoever answers; with its certificate checked where a root certificate is set.
    Require,
    /// Always, and the certificate must come from a trusted authority.
    VerifyCa,
    /// Always, trusted, and issued for the host that was asked for.
    VerifyFull,
}

impl SslMode {
    /// Every mode, weakest first.
    pub const ALL: [Self; 6] = [
        Self::Disable,
        Self::Allow,
        Self::Prefer,
        Self::Require,
        Self::VerifyCa,
        Self::VerifyFull,
    ];

    /// The word in a connection string.
    pub fn word(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// A file that was named, or libpq's default for it, which may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum File {
    /// Was named: must be there.
    Named(PathBuf),
    /// Under `~/.postgresql`: used where it is there.
    Default(PathBuf),
}

impl File {
    /// Where it is.
    pub fn path(&self) -> &PathBuf {
        match self {
            Self::Named(path) | Self::Default(path) => path,
        }
    }

    /// The path, unless it is a default that is missing.
    pub fn to_read(&self) -> Option<&PathBuf> {
        match self {
            Self::Named(path) => Some(path),
            Self::Default(path) => Some(path).filter(|path| path.exists()),
        }
    }
}

/// Whom to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    /// The operating system's authorities.
    System,
    /// A file of certificates.
    File(Option<File>),
}

/// What the connection string says about TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// How much is asked for.
    pub mode: SslMode,
    /// Whom to trust.
    pub roots: Roots,
    /// The client's own certificate.
    pub cert: Option<File>,
    /// Its key.
    pub key: Option<File>,
    /// Revoked certificates.
    pub crl: Option<File>,
    /// Start with TLS at once, without asking first (PostgreSQL 17).
    pub direct: bool,
    /// Send the host name in the handshake.
    pub sni: bool,
    /// Whether TLS 1.2 may be used.
    pub allow_12: bool,
    /// Whether TLS 1.3 may be used.
    pub allow_13: bool,
}

impl TlsSettings {
    pub(super) fn read(settings: &Settings, env: &Environment) -> anyhow::Result<Self> {
        let file = |key: &str, default: &str| {
            settings
                .get(key)
                .map(|path| File::Named(path.into()))
                .or_else(|| {
                    let home = env.home.as_ref()?;
                    Some(File::Default(home.join(".postgresql").join(default)))
                })
        };
        let system = settings.get("sslrootcert") == Some("system");
        let roots = if system {
            Roots::System
        } else {
            Roots::File(file("sslrootcert", "root.crt"))
        };
        let mode = mode(settings, system)?;
        let direct = choice(settings, "sslnegotiation", &["postgres", "direct"])? == Some("direct");
        if direct && mode < SslMode::Require {
            return Err(exit::usage(format!(
                "sslnegotiation=direct needs sslmode require, verify-ca or verify-full, not {}",
                mode.word()
            )));
        }
        let (allow_12, allow_13) = versions(settings)?;
        Ok(Self {
            mode,
            roots,
            cert: file("sslcert", "postgresql.crt"),
            key: file("sslkey", "postgresql.key"),
            crl: file("sslcrl", "root.crl"),
            direct,
            sni: settings.get("sslsni") != Some("0"),
            allow_12,
            allow_13,
        })
    }
}

fn mode(settings: &Settings, system: bool) -> anyhow::Result<SslMode> {
    let words = SslMode::ALL.map(SslMode::word);
    let mode = match choice(settings, "sslmode", &words)? {
        Some(word) => SslMode::ALL.into_iter().find(|mode| mode.word() == word),
        None if system => Some(SslMode::VerifyFull),
        None => None,
    }
    .unwrap_or_default();
    if system && mode != SslMode::VerifyFull {
        // Anyone can get a certificate from a public authority: only the name says whose it is.
        return Err(exit::usage(format!(
            "sslrootcert=system needs sslmode=verify-full, not {}",
            mode.word()
        )));
    }
    Ok(mode)
}

fn versions(settings: &Settings) -> anyhow::Result<(bool, bool)> {
    let known = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
    let min = choice(settings, "ssl_min_protocol_version", &known)?;
    let max = choice(settings, "ssl_max_protocol_version", &known)?;
    let (allow_12, allow_13) = (
        min != Some("TLSv1.3"),
        matches!(max, None | Some("TLSv1.3")),
    );
    let too_old = matches!(max, Some("TLSv1" | "TLSv1.1"));
    if too_old || !(allow_12 || allow_13) {
        return Err(exit::usage(
            "ssl_max_protocol_version leaves no version to use: TLSv1.2 and TLSv1.3 are supported",
        ));
    }
    Ok((allow_12, allow_13))
}

/// The value of a key that takes one of a few words, as we spell it.
pub(super) fn choice(
    settings: &Settings,
    key: &str,
    words: &[&'static str],
) -> anyhow::Result<Option<&'static str>> {
    let Some(value) = settings.get(key) else {
        return Ok(None);
    };
    match words.iter().find(|word| word.eq_ignore_ascii_case(value)) {
        Some(word) => Ok(Some(word)),
        None => Err(exit::usage(format!(
            "the connection option {key} must be one of {}",
            words.join(", ")
        ))),
    }
}
