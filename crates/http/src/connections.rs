//! The state of a connection beyond its requests: closes idle connections, notices when a client
//! is gone, and remembers when a request was refused.
//!
//! The framework limits the time of the head of a connection's first request, and the time
//! until the first byte of the next. It does not limit the head of a later request, the rest
//! of an unread body, or the time that a client takes to read a response. It serves a request to
//! its end even if the client has closed the connection.

use std::any::Any;
use std::cell::Cell;
use std::io::ErrorKind;
use std::net::{Shutdown, TcpStream as Socket};
use std::os::fd::AsFd;
use std::rc::{Rc, Weak};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use actix_web::rt::{spawn, task::JoinHandle, time::sleep};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::Interest;
use tokio::time::Instant;

/// The time after which a read looks for its client. Most reads end earlier, and cost nothing then.
const CLIENT_CHECK_DELAY: Duration = Duration::from_millis(50);

/// A connection.
struct Connection {
    /// A second handle to the framework's socket.
    socket: Socket,
    /// The time since which it has no request. `None` while a request is served.
    quiet_since: Cell<Option<Instant>>,
    /// The time when one of its requests was last refused.
    refused_at: Cell<Option<Instant>>,
}

/// The data of an open connection, and the task that watches it.
struct Watched(Rc<Connection>, JoinHandle<()>);

impl Drop for Watched {
    fn drop(&mut self) {
        self.1.abort();
    }
}

/// Raises the process's limit of open files as far as the system allows. Each connection uses
/// two files, and the initial limit is often 1,024.
pub(crate) fn allow_many() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum && setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_err() {
        tracing::warn!(limit = current, "the limit of open files (ulimit -n) cannot be raised");
    }
}

/// Closes the connection once it has had no request for `patience`. In that time its client did
/// not read the last response and did not send the head of another request.
pub(crate) fn watch(stream: &dyn Any, data: &mut Extensions, patience: Duration) {
    let Some(stream) = stream.downcast_ref::<TcpStream>() else { return };
    // Without a second handle, the connection is served without being watched.
    let Ok(socket) = stream.as_fd().try_clone_to_owned() else { return };
    let connection = Rc::new(Connection {
        socket: socket.into(),
        quiet_since: Cell::new(Some(Instant::now())),
        refused_at: Cell::new(None),
    });
    let watching = spawn(close_when_quiet(Rc::downgrade(&connection), patience));
    data.insert(Watched(connection, watching));
}

async fn close_when_quiet(connection: Weak<Connection>, patience: Duration) {
    let mut wait = patience;
    loop {
        sleep(wait).await;
        let Some(connection) = connection.upgrade() else { return };
        let quiet = connection.quiet_since.get().map_or(Duration::ZERO, |since| since.elapsed());
        wait = patience.saturating_sub(quiet);
        if wait.is_zero() {
            tracing::debug!("closed a connection whose client neither reads nor sends");
            // The framework notices the end and drops the connection.
            let _ = connection.socket.shutdown(Shutdown::Both);
            return;
        }
    }
}

/// Remembers that this request of the connection was refused.
pub(crate) fn remember_refusal(request: &HttpRequest) {
    if let Some(Watched(connection, _)) = request.conn_data() {
        connection.refused_at.set(Some(Instant::now()));
    }
}

/// Returns the time since a request of this connection was last refused.
pub(crate) fn last_refusal(request: &HttpRequest) -> Option<Duration> {
    let Watched(connection, _) = request.conn_data()?;
    connection.refused_at.get().map(|at| at.elapsed())
}

/// Returns once the client of this request has closed the connection, or its sending side. A server
/// cannot distinguish the two until it writes. Never returns if the connection is not watched.
pub(crate) async fn client_gone(request: &HttpRequest) {
    if let Some(Watched(connection, _)) = request.conn_data() {
        sleep(CLIENT_CHECK_DELAY).await;
        if let Ok(socket) = connection.socket.try_clone().and_then(TcpStream::from_std) {
            while let Ok(ready) = socket.ready(Interest::READABLE).await {
                if ready.is_read_closed() {
                    return;
                }
                // The client has sent its next request. Wait for the next change.
                let _ = socket.try_io(Interest::READABLE, || Err::<(), _>(ErrorKind::WouldBlock.into()));
            }
        }
    }
    std::future::pending().await
}

/// Marks a connection as serving a request, until this is dropped.
pub(crate) struct Serving(Rc<Connection>);

impl Serving {
    /// Marks the connection of this request.
    pub(crate) fn begin(request: &HttpRequest) -> Option<Self> {
        let Watched(connection, _) = request.conn_data()?;
        connection.quiet_since.set(None);
        Some(Self(connection.clone()))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.quiet_since.set(Some(Instant::now()));
    }
}
