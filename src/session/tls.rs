//! From TLS settings to a rustls configuration: reads the certificates and the key.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::conninfo::{File, Roots, SslMode, TlsSettings};
use super::verify::{Check, Trusted, Verifier};

/// Builds the connector. Reads no file where TLS will never be used.
pub(super) fn load(settings: &TlsSettings, used: bool) -> anyhow::Result<MakeRustlsConnect> {
    // Named, because a process-wide default panics when two providers are compiled in.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut versions = Vec::new();
    if settings.allow_12 {
        versions.push(&rustls::version::TLS12);
    }
    if settings.allow_13 {
        versions.push(&rustls::version::TLS13);
    }
    let read = used && settings.mode != SslMode::Disable;
    let trusted = if read {
        trusted(settings, &provider)?
    } else {
        None
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions)
        .context("the TLS versions do not fit")?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier::new(provider, trusted)));
    let own = if read {
        own_certificate(settings)?
    } else {
        None
    };
    let mut config = match own {
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .context("the client certificate and its key (sslcert, sslkey) do not fit")?,
        None => builder.with_no_client_auth(),
    };
    config.enable_sni = settings.sni;
    if settings.direct {
        // The server hangs up without it.
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(MakeRustlsConnect::new(config))
}

/// What to check the server's certificate against; nothing where libpq would check nothing.
fn trusted(
    settings: &TlsSettings,
    provider: &Arc<CryptoProvider>,
) -> anyhow::Result<Option<Trusted>> {
    let roots = match &settings.roots {
        Roots::System => system_roots()?,
        Roots::File(file) => match file.as_ref().and_then(File::to_read) {
            Some(path) => certificates(path).context("cannot use the root certificates")?,
            None if settings.mode < SslMode::VerifyCa => return Ok(None),
            None => bail!(
                "sslmode={} needs the certificate of the authority that signed the server's: \
                 set sslrootcert (or PGSSLROOTCERT) to its file, or to system",
                settings.mode.word()
            ),
        },
    };
    let mut store = RootCertStore::empty();
    let (added, _) = store.add_parsable_certificates(roots.iter().cloned());
    if added == 0 {
        bail!("none of the root certificates can be used");
    }
    let mut builder =
        WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider));
    if let Some(path) = settings.crl.as_ref().and_then(File::to_read) {
        builder = builder.with_crls(revocations(path)?);
    }
    let chain = builder
        .build()
        .context("the root certificates cannot be used")?;
    let check = if settings.mode == SslMode::VerifyFull {
        Check::Name
    } else {
        Check::Authority
    };
    Ok(Some(Trusted {
        check,
        chain,
        roots,
    }))
}

fn system_roots() -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        bail!(
            "sslrootcert=system: no trusted certificates found on this machine (install \
             ca-certificates, or set SSL_CERT_FILE)"
        );
    }
    Ok(found.certs)
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let shown = path.display();
    let bytes = fs::read(path).with_context(|| format!("cannot read {shown}"))?;
    let certs = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("{shown} is not in PEM format"))?;
    if certs.is_empty() {
        bail!("{shown} holds no certificate in PEM format");
    }
    Ok(certs)
}

fn revocations(path: &Path) -> anyhow::Result<Vec<CertificateRevocationListDer<'static>>> {
    let shown = path.display();
    let bytes = fs::read(path).with_context(|| format!("cannot read {shown}"))?;
    CertificateRevocationListDer::pem_slice_iter(&bytes)
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("{shown} is not a revocation list in PEM format"))
}

type Own = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The client's certificate and key, where there are any.
fn own_certificate(settings: &TlsSettings) -> anyhow::Result<Option<Own>> {
    let Some(cert) = settings.cert.as_ref().and_then(File::to_read) else {
        return Ok(None);
    };
    let chain = certificates(cert).context("cannot use the client certificate (sslcert)")?;
    let Some(key) = settings.key.as_ref().map(File::path) else {
        bail!("sslcert is set but sslkey is not");
    };
    let key = private_key(key).context("cannot use the client certificate's key (sslkey)")?;
    Ok(Some((chain, key)))
}

fn private_key(path: &Path) -> anyhow::Result<PrivateKeyDer<'static>> {
    let shown = path.display();
    let meta = fs::metadata(path).with_context(|| format!("cannot read {shown}"))?;
    refuse_readable_key(path, &meta)?;
    let bytes = fs::read(path).with_context(|| format!("cannot read {shown}"))?;
    if String::from_utf8_lossy(&bytes).contains("ENCRYPTED") {
        bail!("{shown} is encrypted, which is not supported: decrypt it with openssl pkey");
    }
    PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|_| anyhow::anyhow!("{shown} holds no private key in PEM format"))
}

/// libpq's rule: 0600, or 0640 where root owns the file.
#[cfg(unix)]
fn refuse_readable_key(path: &Path, meta: &fs::Metadata) -> anyhow::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let shown = path.display();
    if !meta.is_file() {
        bail!("{shown} is not a plain file");
    }
    let forbidden = if meta.uid() == 0 { 0o037 } else { 0o077 };
    if meta.mode() & forbidden != 0 {
        bail!("{shown} may be read by group or others (chmod 0600 {shown})");
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_readable_key(_: &Path, _: &fs::Metadata) -> anyhow::Result<()> {
    Ok(())
}
