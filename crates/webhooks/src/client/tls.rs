use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

/// The certificates that sign the certificates of endpoints.
pub struct TrustedRoots {
    given: Option<Vec<CertificateDer<'static>>>,
    connector: OnceCell<TlsConnector>,
}

impl TrustedRoots {
    /// Those that the operating system trusts. They are read when the first TLS connection opens.
    pub fn of_system() -> Self {
        Self { given: None, connector: OnceCell::new() }
    }

    /// Only these.
    pub fn only(certificates: Vec<CertificateDer<'static>>) -> Self {
        Self { given: Some(certificates), connector: OnceCell::new() }
    }

    /// Returns `None` if no certificate can be verified.
    pub(super) async fn connector(&self) -> Option<TlsConnector> {
        let connector = self.connector.get_or_try_init(|| async {
            let given = self.given.clone();
            let loaded = tokio::task::spawn_blocking(move || connector(given)).await;
            loaded.ok().flatten().ok_or(())
        });
        connector.await.ok().cloned()
    }
}

fn connector(given: Option<Vec<CertificateDer<'static>>>) -> Option<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(given.unwrap_or_else(|| rustls_native_certs::load_native_certs().certs));
    if roots.is_empty() {
        tracing::error!(
            "no certificate of a webhook can be verified: the operating system has no certificates to trust; \
             install its package ca-certificates"
        );
        return None;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Some(TlsConnector::from(Arc::new(config)))
}
