//! Which server certificates are accepted: libpq's rules on top of rustls's verifier.

use std::sync::Arc;

use super::x509;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{
    CryptoProvider, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

/// How much of a certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// That it comes from a trusted authority.
    Authority,
    /// That, and that it was issued for this host.
    Name,
}

/// A verifier for one sslmode.
#[derive(Debug)]
pub(super) struct Verifier {
    provider: Arc<CryptoProvider>,
    trusted: Option<Trusted>,
}

/// What there is to check against. Without it any certificate will do, as with libpq's `require`.
#[derive(Debug)]
pub(super) struct Trusted {
    pub(super) check: Check,
    pub(super) chain: Arc<WebPkiServerVerifier>,
    pub(super) roots: Vec<CertificateDer<'static>>,
}

impl Verifier {
    pub(super) fn new(provider: Arc<CryptoProvider>, trusted: Option<Trusted>) -> Self {
        Self { provider, trusted }
    }
}

impl Trusted {
    fn verify(
        &self,
        presented: (&CertificateDer<'_>, &[CertificateDer<'_>]),
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<(), Error> {
        let (leaf, intermediates) = presented;
        match self
            .chain
            .verify_server_cert(leaf, intermediates, name, ocsp, now)
        {
            Ok(_) => Ok(()),
            Err(error) if is_other_name(&error) && self.check == Check::Authority => Ok(()),
            // `openssl req -x509` makes a server certificate that is its own root and says CA:TRUE.
            // Whoever lists it as a root trusts exactly this certificate; its validity was checked
            // before its use was.
            Err(error) if is_ca_as_leaf(&error) && self.roots.iter().any(|root| root == leaf) => {
                match self.check {
                    Check::Authority => Ok(()),
                    Check::Name => verify_server_name(&ParsedCertificate::try_from(leaf)?, name),
                }
            }
            Err(error) => Err(error),
        }
    }
}

fn is_other_name(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

fn is_ca_as_leaf(error: &Error) -> bool {
    is_opaque(error, "CaUsedAsEndEntity")
}

fn is_old_version(error: &Error) -> bool {
    is_opaque(error, "UnsupportedCertVersion")
}

/// The library keeps these cases behind an opaque error; their names are all there is to go by.
fn is_opaque(error: &Error, name: &str) -> bool {
    matches!(error, Error::InvalidCertificate(CertificateError::Other(other))
        if format!("{other:?}").contains(name))
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(trusted) = &self.trusted {
            trusted.verify((end_entity, intermediates), server_name, ocsp_response, now)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    // The handshake's signature is checked in every mode: it proves that the server holds the
    // certificate's key, which channel binding relies on.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        match (
            verify_tls13_signature(message, cert, dss, algorithms),
            x509::public_key(cert),
        ) {
            (Err(error), Some(key)) if is_old_version(&error) => {
                let key = SubjectPublicKeyInfoDer::from(key);
                verify_tls13_signature_with_raw_key(message, &key, dss, algorithms)
            }
            (verified, _) => verified,
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
