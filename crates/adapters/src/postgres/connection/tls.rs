//! TLS to the server: the meaning of `sslmode` and `sslrootcert`.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::errors::PostgresUrlError;

/// The use of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TlsPolicy {
    /// No TLS.
    Disabled,
    /// TLS if the server offers it, with any certificate.
    Preferred,
    /// TLS with any certificate. It protects against listeners, not against impostors.
    Required,
    /// TLS with a certificate that one of these has signed, for any host name.
    VerifyCa(RootCertificates),
    /// TLS with a certificate that one of these has signed for the host in the URL.
    VerifyFull(RootCertificates),
}

/// The certificates to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RootCertificates {
    /// The certificates of a PEM file.
    File(PathBuf),
    /// The certificates that the operating system trusts.
    System,
}

impl RootCertificates {
    /// The file that libpq uses without `sslrootcert`, if it exists.
    pub(super) fn default_file() -> Option<Self> {
        let path = std::env::home_dir()?.join(".postgresql/root.crt");
        path.is_file().then_some(Self::File(path))
    }

    fn load(&self) -> Result<Arc<RootCertStore>, PostgresUrlError> {
        let mut roots = RootCertStore::empty();
        match self {
            Self::File(path) => {
                let unusable = |error: &dyn std::fmt::Display| {
                    PostgresUrlError(format!(
                        "sslrootcert must name a PEM file with certificates; {}: {error}",
                        path.display()
                    ))
                };
                for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(&error))? {
                    let certificate = certificate.map_err(|error| unusable(&error))?;
                    roots.add(certificate).map_err(|error| unusable(&error))?;
                }
                if roots.is_empty() {
                    return Err(unusable(&"it has no certificate"));
                }
            }
            Self::System => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                if roots.is_empty() {
                    return Err(PostgresUrlError(
                        "sslrootcert=system: the operating system has no certificates to trust; install its \
                         package ca-certificates"
                            .into(),
                    ));
                }
            }
        }
        Ok(Arc::new(roots))
    }
}

/// The TLS connector for this policy. `Disabled` gets a connector that trusts nobody.
/// `SslMode::Disable` never calls it. A separate type for connections without TLS would compile the
/// driver twice.
pub(super) fn connector(policy: &TlsPolicy) -> Result<MakeRustlsConnect, PostgresUrlError> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match policy {
        TlsPolicy::Disabled => Arc::new(WithoutName {
            roots: Some(Arc::new(RootCertStore::empty())),
            provider: Arc::clone(&provider),
        }),
        TlsPolicy::Preferred | TlsPolicy::Required => {
            Arc::new(WithoutName { roots: None, provider: Arc::clone(&provider) })
        }
        TlsPolicy::VerifyCa(roots) => {
            Arc::new(WithoutName { roots: Some(roots.load()?), provider: Arc::clone(&provider) })
        }
        TlsPolicy::VerifyFull(roots) => {
            WebPkiServerVerifier::builder_with_provider(roots.load()?, Arc::clone(&provider))
                .build()
                .map_err(|error| PostgresUrlError(format!("sslrootcert: {error}")))?
        }
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| PostgresUrlError(format!("TLS: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    // `sslnegotiation=direct` requires it, and libpq always sends it.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

/// Accepts a certificate that one of the roots has signed, for any host name. Without roots,
/// accepts any certificate. The server must always prove that it has the key of the certificate.
#[derive(Debug)]
struct WithoutName {
    roots: Option<Arc<RootCertStore>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for WithoutName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            verify_server_cert_signed_by_trust_anchor(
                &ParsedCertificate::try_from(end_entity)?,
                roots,
                intermediates,
                now,
                self.provider.signature_verification_algorithms.all,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
