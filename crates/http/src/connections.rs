//! A connection, between the framework and its socket: how far the server reads ahead, when a client
//! is gone, and when a connection whose client neither sends nor reads is closed.
//!
//! The framework decodes all requests in the bytes that it can read, and reads on while a client
//! takes no response: see decision 13. It limits the time of the head of a connection's first
//! request, and the time until the first byte of the next. It does not limit the head of a later
//! request, the rest of an unread body, or the time that a client takes to read a response. It serves
//! a request to its end even if the client has closed the connection.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::rt::net::TcpStream;
use actix_web::rt::time::{Sleep, sleep};
use actix_web::web::{Buf, BytesMut};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// The longest time that a client may take to accept more bytes of a response.
const MAX_STALL: Duration = Duration::from_secs(10);

/// The longest time that a connection may have a part of a head, or no request yet.
const MAX_HEAD_TIME: Duration = Duration::from_secs(10);

/// The time after which a read looks for its client. Most reads end earlier, and cost nothing then.
const CLIENT_CHECK_DELAY: Duration = Duration::from_millis(50);

/// The number of heads that the framework may decode at once. Each takes more than 1 KiB.
const MAX_HEADS: usize = 8;

/// The shortest head is `GET / HTTP/1.0` and an empty line.
const MIN_HEAD_BYTES: usize = 18;

/// Raises the process's limit of open files as far as the system allows. The initial limit is
/// often 1,024.
pub(crate) fn allow_many() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum && setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_err() {
        tracing::warn!(limit = current, "the limit of open files (ulimit -n) cannot be raised");
    }
}

/// What a connection and its requests know of each other.
pub(crate) struct ConnectionState {
    /// The time since which the connection has no request. `None` while it serves one.
    quiet_since: Cell<Option<Instant>>,
    /// The time since which the head of the next request is awaited or arriving. `None` between two
    /// requests, and while the connection serves one.
    head_since: Cell<Option<Instant>>,
    /// Whether the request waits for its body.
    awaits_body: Cell<bool>,
    /// Whether the client has closed the connection, or its sending side.
    is_gone: Cell<bool>,
    /// Whether the client does not take the response.
    is_blocked: Cell<bool>,
    /// Wakes the framework when it may read again.
    reader: Cell<Option<Waker>>,
    /// The time when one of the connection's requests was last refused.
    refused_at: Cell<Option<Instant>>,
    /// The longest time that the client may take to accept more bytes of the present response.
    max_stall: Cell<Duration>,
}

impl ConnectionState {
    /// Whether the framework may read. It could only read a further request otherwise.
    fn may_read(&self) -> bool {
        !self.is_blocked.get() && (self.quiet_since.get().is_some() || self.awaits_body.get())
    }

    fn wake_reader(&self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// A connection.
pub(crate) struct Connection {
    stream: TcpStream,
    state: Rc<ConnectionState>,
    /// Received bytes that the framework has not got yet.
    kept_back: BytesMut,
    /// Whether the framework has read since it was last told that there is nothing to read.
    has_read: bool,
    /// The longest time between two requests.
    patience: Duration,
    /// Ends before the connection can have been quiet for too long.
    quiet: Pin<Box<Sleep>>,
    /// Ends some time after the client stopped to take bytes.
    stall: Option<Pin<Box<Sleep>>>,
    /// The stall that the system allows.
    limited_stall: Duration,
}

impl Connection {
    /// Wraps a connection. It is closed once it has had no request for `patience`, once a head has
    /// not arrived within 10 seconds, or once its client has not taken a byte of a response for 10
    /// seconds.
    pub(crate) fn new(stream: TcpStream, patience: Duration) -> Self {
        limit_stall(&stream, MAX_STALL);
        let now = Instant::now();
        let state = Rc::new(ConnectionState {
            quiet_since: Cell::new(Some(now)),
            head_since: Cell::new(Some(now)),
            awaits_body: Cell::new(false),
            is_gone: Cell::new(false),
            is_blocked: Cell::new(false),
            reader: Cell::new(None),
            refused_at: Cell::new(None),
            max_stall: Cell::new(MAX_STALL),
        });
        let quiet = Box::pin(sleep(patience.min(MAX_HEAD_TIME)));
        Self {
            stream,
            state,
            kept_back: BytesMut::new(),
            has_read: false,
            patience,
            quiet,
            stall: None,
            limited_stall: MAX_STALL,
        }
    }

    /// Returns the state that requests find in the data of their connection.
    pub(crate) fn state(&self) -> Rc<ConnectionState> {
        self.state.clone()
    }

    /// Notices the end of a connection that is not read.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut byte = [0];
        match ready!(self.stream.poll_peek(cx, &mut ReadBuf::new(&mut byte))) {
            Ok(0) | Err(_) if self.kept_back.is_empty() => {
                self.state.is_gone.set(true);
                Poll::Ready(Ok(()))
            }
            _ => {
                // Bytes that have arrived already wake nobody.
                self.state.reader.set(Some(cx.waker().clone()));
                Poll::Pending
            }
        }
    }

    /// Reads what has arrived, at most [`MAX_HEADS`] heads.
    fn poll_received(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.kept_back.is_empty() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
            let received = &buffer.filled()[before..];
            if self.state.quiet_since.get().is_some() && self.state.head_since.get().is_none() {
                self.state.head_since.set(Some(Instant::now()));
            }
            let allowed = allowed(received);
            self.kept_back.extend_from_slice(&received[allowed..]);
            buffer.set_filled(before + allowed);
        } else {
            let fits = self.kept_back.len().min(buffer.remaining());
            let allowed = allowed(&self.kept_back[..fits]);
            buffer.put_slice(&self.kept_back[..allowed]);
            self.kept_back.advance(allowed);
        }
        Poll::Ready(Ok(()))
    }

    /// Fails once the connection has been quiet for too long.
    fn poll_quiet(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.quiet.as_mut().poll(cx));
            let left = |most: Duration, since: Option<Instant>| {
                most.saturating_sub(since.map_or(Duration::ZERO, |since| since.elapsed()))
            };
            // At most `MAX_HEAD_TIME`, because a head may begin to arrive at any time.
            let left = left(self.patience, self.state.quiet_since.get())
                .min(left(MAX_HEAD_TIME, self.state.head_since.get()));
            if left.is_zero() {
                tracing::debug!("closed a connection whose client sends no request");
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.quiet.as_mut().reset(Instant::now() + left);
        }
    }
}

/// Returns the number of bytes up to the end of the last head that the framework may decode.
/// A body may contain empty lines too; it is then read in more parts.
fn allowed(received: &[u8]) -> usize {
    if received.len() <= MAX_HEADS * MIN_HEAD_BYTES {
        return received.len();
    }
    let is_after_empty_line = |end: usize| {
        let before = &received[..end];
        before.ends_with(b"\n") || before.ends_with(b"\n\r")
    };
    let mut ends = memchr::memchr_iter(b'\n', received).filter(|end| is_after_empty_line(*end));
    ends.nth(MAX_HEADS - 1).map_or(received.len(), |end| end + 1)
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.state.may_read() {
            return this.poll_end(cx);
        }
        // The framework reads until there is nothing to read, and only then decodes.
        if mem::take(&mut this.has_read) {
            if this.kept_back.is_empty() && this.stream.poll_read_ready(cx).is_pending() {
                return this.poll_quiet(cx);
            }
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match this.poll_received(cx, buffer) {
            Poll::Pending => this.poll_quiet(cx),
            received => {
                this.has_read = true;
                received
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let max_stall = this.state.max_stall.get();
        if this.limited_stall != max_stall {
            this.limited_stall = max_stall;
            limit_stall(&this.stream, max_stall);
        }
        match Pin::new(&mut this.stream).poll_write(cx, bytes) {
            Poll::Ready(written) => {
                if this.stall.take().is_some() {
                    this.state.is_blocked.set(false);
                    if this.state.quiet_since.get().is_some() {
                        this.state.quiet_since.set(Some(Instant::now()));
                    }
                    this.state.wake_reader();
                }
                Poll::Ready(written)
            }
            Poll::Pending => {
                this.state.is_blocked.set(true);
                let stall = this.stall.get_or_insert_with(|| Box::pin(sleep(max_stall)));
                ready!(stall.as_mut().poll(cx));
                tracing::debug!("closed a connection whose client does not read");
                // The system keeps nothing for the client.
                let _ = this.stream.set_zero_linger();
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// Lets the system discard a response that waits in its own buffers for so long. Otherwise a closed
/// connection waits there for minutes.
fn limit_stall(stream: &TcpStream, stall: Duration) {
    #[cfg(target_os = "linux")]
    {
        let stall = u32::try_from(stall.as_millis()).unwrap_or(u32::MAX);
        let _ = rustix::net::sockopt::set_tcp_user_timeout(stream, stall);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (stream, stall);
}

/// Allows the client to take this long to accept more bytes of the present response.
pub(crate) fn allow_stall(request: &HttpRequest, stall: Duration) {
    if let Some(state) = state(request) {
        state.max_stall.set(stall);
    }
}

/// The client of a response without an end.
pub(crate) struct Client(Option<Rc<ConnectionState>>);

impl Client {
    /// The client of this request.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self(state(request).cloned())
    }

    /// Whether the client has closed the connection, or its sending side.
    pub(crate) fn is_gone(&self) -> bool {
        self.0.as_ref().is_some_and(|state| state.is_gone.get())
    }

    /// Returns once the client is gone. The task of the connection calls this whenever something has
    /// arrived.
    pub(crate) async fn gone(&self) {
        poll_fn(|_| if self.is_gone() { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

fn state(request: &HttpRequest) -> Option<&Rc<ConnectionState>> {
    request.conn_data()
}

/// Remembers that this request of the connection was refused.
pub(crate) fn remember_refusal(request: &HttpRequest) {
    if let Some(state) = state(request) {
        state.refused_at.set(Some(Instant::now()));
    }
}

/// Returns the time since a request of this connection was last refused.
pub(crate) fn last_refusal(request: &HttpRequest) -> Option<Duration> {
    state(request)?.refused_at.get().map(|at| at.elapsed())
}

/// Returns once the client of this request has closed the connection, or its sending side. A server
/// cannot distinguish the two until it writes.
pub(crate) async fn client_gone(request: &HttpRequest) {
    sleep(CLIENT_CHECK_DELAY).await;
    Client::of(request).gone().await;
}

/// Marks a connection as serving a request, until this is dropped.
pub(crate) struct Serving(Rc<ConnectionState>);

impl Serving {
    /// Marks the connection of this request.
    pub(crate) fn begin(request: &HttpRequest) -> Option<Self> {
        let state = state(request)?;
        state.quiet_since.set(None);
        state.head_since.set(None);
        Some(Self(state.clone()))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.quiet_since.set(Some(Instant::now()));
        self.0.max_stall.set(MAX_STALL);
        self.0.wake_reader();
    }
}

/// Marks a connection as waiting for the body of its request, until this is dropped.
pub(crate) struct AwaitingBody(Rc<ConnectionState>);

impl AwaitingBody {
    /// Marks the connection of this request.
    pub(crate) fn begin(request: &HttpRequest) -> Option<Self> {
        let state = state(request)?;
        state.awaits_body.set(true);
        state.wake_reader();
        Some(Self(state.clone()))
    }
}

impl Drop for AwaitingBody {
    fn drop(&mut self) {
        self.0.awaits_body.set(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_heads_are_read_at_once() {
        let head = "GET / HTTP/1.1\r\nhost:\r\n\r\n";
        let bare = "GET / HTTP/1.0\n\n";
        for (received, heads) in [(head.repeat(100), head.len()), (bare.repeat(100), bare.len())] {
            assert_eq!(allowed(received.as_bytes()), MAX_HEADS * heads);
        }
        let body = format!("{head}{}", "{\"a\": 1}\n".repeat(1_000));
        for whole in [head.repeat(MAX_HEADS), body, String::new()] {
            assert_eq!(allowed(whole.as_bytes()), whole.len());
        }
    }
}
