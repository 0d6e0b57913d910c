use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hexdesk_domain::{AllowedTargets, AttemptError};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use url::{Host, Url};

use super::failure::error_class;
use super::tls::TrustedRoots;

/// The longest time for one of several addresses.
const ADDRESS_TIMEOUT: Duration = Duration::from_millis(1_500);

/// Resolves the names of hosts.
#[async_trait]
pub trait Names: Send + Sync {
    /// Returns the addresses of the host with this port.
    ///
    /// # Errors
    /// If the name is unknown, or cannot be resolved now.
    async fn resolve(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// Resolves names as the operating system does.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn resolve(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((name, port)).await?.collect())
    }
}

/// A connection to an endpoint, with or without TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(super) struct Connector {
    allowed: Arc<AllowedTargets>,
    names: Arc<dyn Names>,
    roots: TrustedRoots,
}

impl Connector {
    pub(super) fn new(allowed: Arc<AllowedTargets>, names: Arc<dyn Names>, roots: TrustedRoots) -> Self {
        Self { allowed, names, roots }
    }

    /// Connects to the host of the URL, and speaks TLS unless it is an `http` URL.
    pub(super) async fn connect(&self, url: &Url) -> Result<Box<dyn Stream>, AttemptError> {
        let host = url.host().ok_or(AttemptError::Dns)?;
        let port = url.port_or_known_default().ok_or(AttemptError::Connect)?;
        let addresses = match host {
            Host::Ipv4(address) => vec![SocketAddr::new(address.into(), port)],
            Host::Ipv6(address) => vec![SocketAddr::new(address.into(), port)],
            Host::Domain(name) => self.names.resolve(name, port).await.map_err(|_| AttemptError::Dns)?,
        };
        if addresses.is_empty() {
            return Err(AttemptError::Dns);
        }
        let name = url.host_str().unwrap_or_default();
        let tcp = self.connect_to_one_of(name, &addresses).await?;
        // Messages are small. Nagle's algorithm would delay their last segment.
        tcp.set_nodelay(true).map_err(|_| AttemptError::Connect)?;
        if url.scheme() == "http" {
            return Ok(Box::new(tcp));
        }
        let server_name = match host {
            Host::Ipv4(address) => ServerName::from(std::net::IpAddr::from(address)),
            Host::Ipv6(address) => ServerName::from(std::net::IpAddr::from(address)),
            Host::Domain(name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                ServerName::try_from(name.to_owned()).map_err(|_| AttemptError::Tls)?
            }
        };
        let tls = self.roots.connector().await.ok_or(AttemptError::Tls)?;
        let connected = tls.connect(server_name, tcp).await;
        Ok(Box::new(connected.map_err(|error| error_class(&error))?))
    }

    /// Connects to the first address that is allowed and accepts.
    async fn connect_to_one_of(
        &self,
        name: &str,
        addresses: &[SocketAddr],
    ) -> Result<TcpStream, AttemptError> {
        let mut error = AttemptError::RefusedAddress;
        let is_allowed = |address: &&SocketAddr| self.allowed.allows_connection(name, address.ip());
        let allowed: Vec<SocketAddr> = addresses.iter().filter(is_allowed).copied().collect();
        for (index, address) in allowed.iter().enumerate() {
            let connecting = TcpStream::connect(address);
            let connected = if index + 1 < allowed.len() {
                // A silent address must not take the time of the next.
                tokio::time::timeout_at(Instant::now() + ADDRESS_TIMEOUT, connecting).await
            } else {
                Ok(connecting.await)
            };
            match connected {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(_)) => error = AttemptError::Connect,
                Err(_) => error = AttemptError::Timeout,
            }
        }
        Err(error)
    }
}
