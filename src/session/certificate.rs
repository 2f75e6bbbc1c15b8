//! What is wrong with a TLS handshake or a certificate, in words.

use super::quote::printable;
use rustls::{AlertDescription, CertificateError as C, Error};

/// Explains a failed handshake and says what to do.
pub(super) fn explain(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(problem) => {
            format!(
                "the server's certificate is not accepted: {}",
                about(problem)
            )
        }
        Error::AlertReceived(alert) => alerted(*alert),
        Error::InvalidMessage(_) => {
            "TLS failed: what the server sent is not TLS; check host and port".to_owned()
        }
        other => format!("TLS failed: {other}"),
    }
}

fn about(problem: &C) -> String {
    match problem {
        C::UnknownIssuer => "it was signed by an unknown authority; set sslrootcert to the \
                             certificate of the authority that signed it"
            .to_owned(),
        C::NotValidForNameContext {
            expected,
            presented,
        } if presented.is_empty() => format!(
            "it has no subjectAltName, so nothing in it says {}; reissue it with one (a common \
             name alone does not count), or use sslmode=verify-ca",
            expected.to_str()
        ),
        C::NotValidForNameContext {
            expected,
            presented,
        } => format!(
            "it was issued for {}, not for {}; connect by that name, or use sslmode=verify-ca",
            printable(
                &presented
                    .iter()
                    .map(|name| bare(name))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            expected.to_str()
        ),
        C::NotValidForName => "it was issued for another name than this host's".to_owned(),
        C::Expired | C::ExpiredContext { .. } => {
            "it has expired; renew it, or check this machine's clock".to_owned()
        }
        C::NotValidYet | C::NotValidYetContext { .. } => {
            "it is not valid yet; check this machine's clock".to_owned()
        }
        C::Revoked => "it was revoked".to_owned(),
        C::UnknownRevocationStatus => {
            "the revocation list (sslcrl) does not cover its authority".to_owned()
        }
        C::BadSignature => "its signature is wrong".to_owned(),
        other => other_problem(&other.to_string()),
    }
}

/// The name in the library's `DnsName("db.example")`.
fn bare(name: &str) -> &str {
    name.split_once('(')
        .map_or(name, |(_, rest)| rest.trim_matches(['(', ')', '"']))
}

/// Cases that the library keeps opaque; recognised by their names.
fn other_problem(text: &str) -> String {
    if text.contains("CaUsedAsEndEntity") {
        "it is an authority's own certificate (CA:TRUE); set sslrootcert to this very certificate, \
         or reissue it as a server certificate"
            .to_owned()
    } else if text.contains("UnsupportedCertVersion") {
        "it is an X.509 version 1 certificate; reissue it as version 3 with a subjectAltName"
            .to_owned()
    } else {
        text.to_owned()
    }
}

fn alerted(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired | AlertDescription::HandshakeFailure => {
            "the server asks for a client certificate; set sslcert and sslkey".to_owned()
        }
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateRevoked
        | AlertDescription::DecryptError => {
            format!("the server does not accept the client certificate ({alert:?}); check sslcert")
        }
        other => format!("the server ended the TLS handshake ({other:?})"),
    }
}
