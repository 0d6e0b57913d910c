use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use url::{Position, Url};

use super::connect::Stream;

/// How long a connection stays open between two messages: less than servers commonly wait.
const IDLE: Duration = Duration::from_secs(4);

/// The most open connections without a message to one target: as many as one webhook uses.
const MAX_IDLE: usize = 8;

/// Scheme, host and port of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Target(String);

impl Target {
    pub(super) fn of(url: &Url) -> Self {
        Self(url[..Position::AfterPort].to_owned())
    }
}

/// An open connection. It closes when it is dropped, even if the endpoint is still sending.
pub(super) struct Connection {
    requests: SendRequest<Full<Bytes>>,
    task: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connection {
    /// Starts HTTP/1.1 on a stream. The head of a response has at most this many bytes.
    pub(super) async fn start(stream: Box<dyn Stream>, max_head_bytes: usize) -> hyper::Result<Self> {
        let (requests, connection) =
            Builder::new().max_buf_size(max_head_bytes).handshake(TokioIo::new(stream)).await?;
        // Errors of the connection are also errors of the request.
        let task = tokio::spawn(async move { connection.await.unwrap_or_default() });
        Ok(Self { requests, task: task.abort_handle() })
    }

    pub(super) async fn send(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>> {
        self.requests.ready().await?;
        self.requests.send_request(request).await
    }
}

/// The open connections without a message.
#[derive(Default)]
pub(super) struct Pool(Mutex<HashMap<Target, Vec<(Connection, Instant)>>>);

impl Pool {
    /// Takes the connection to this target that was used last.
    pub(super) fn take(&self, target: &Target) -> Option<Connection> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let connections = idle.get_mut(target)?;
        while let Some((connection, since)) = connections.pop() {
            if since.elapsed() < IDLE && !connection.requests.is_closed() {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection after a complete response, unless it is closing.
    pub(super) fn put(&self, target: Target, connection: Connection) {
        if connection.requests.is_closed() {
            return;
        }
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let connections = idle.entry(target).or_default();
        if connections.len() < MAX_IDLE {
            connections.push((connection, Instant::now()));
        }
    }

    pub(super) fn close_idle(&self) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|_, connections| {
            connections
                .retain(|(connection, since)| since.elapsed() < IDLE && !connection.requests.is_closed());
            !connections.is_empty()
        });
    }
}
