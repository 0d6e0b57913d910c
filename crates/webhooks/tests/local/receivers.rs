//! Local receivers, and a client for them.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use hexdesk_domain::{AllowedTargets, Clock, EventPosition, Timestamp, WebhookId, WebhookMessageId};
use hexdesk_webhooks::{ClientLimits, Message, Names, TrustedRoots, WebhookClient, WebhookSecret};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        let millis = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
        Timestamp::from_unix_millis(millis.try_into().unwrap()).unwrap()
    }
}

/// Names that lead to these addresses, at the port that is asked for.
#[derive(Default)]
pub(crate) struct TestNames(pub(crate) HashMap<&'static str, Vec<&'static str>>);

#[async_trait]
impl Names for TestNames {
    async fn resolve(&self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let addresses = self.0.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), port)).collect())
    }
}

pub(crate) fn allowed(entries: &[&str]) -> AllowedTargets {
    entries.iter().map(|entry| entry.parse::<AllowedTargets>().unwrap()).collect()
}

/// A client that may connect to this machine.
pub(crate) fn client(limits: ClientLimits) -> WebhookClient {
    let allowed = allowed(&["127.0.0.1"]);
    WebhookClient::new(
        allowed,
        TrustedRoots::only(Vec::new()),
        Arc::new(TestNames::default()),
        Arc::new(RealClock),
        limits,
    )
}

pub(crate) fn secret() -> WebhookSecret {
    WebhookSecret::from_bytes(vec![7; 32]).unwrap()
}

pub(crate) fn message() -> Message {
    let position = EventPosition { change: 12, part: 1 };
    let id = WebhookMessageId::Event(WebhookId::new(5).unwrap(), position);
    Message { id, body: b"{\"kind\":\"ticket.created\"}".to_vec(), secrets: vec![secret()] }
}

/// Limits that a receiver without an answer reaches soon.
pub(crate) fn short() -> ClientLimits {
    ClientLimits { connect: Duration::from_secs(5), attempt: Duration::from_millis(500) }
}

/// A receiver on this machine.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    pub(crate) connections: Arc<AtomicUsize>,
}

impl Receiver {
    /// Serves each connection with `serve`.
    pub(crate) async fn start<F, S>(serve: F) -> Self
    where
        F: Fn(TcpStream) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream));
            }
        });
        Self { address, connections }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hooks?a=b", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A request that was received.
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// Reads the next request of a connection.
    pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(bytes).unwrap();
        let mut received = Self { head, body: Vec::new() };
        received.body = vec![0; received.header("content-length").parse().unwrap()];
        stream.read_exact(&mut received.body).await.ok()?;
        Some(received)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        found.next().unwrap_or_default()
    }
}
