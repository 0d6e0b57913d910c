//! What is known of a connection beyond its requests: closes those that are open for nothing,
//! and remembers when there was no room for one.
//!
//! The framework times the head of a connection's first request, and how long a connection
//! is without a byte of the next. It does not time the head of a later request, the rest of
//! a body that nobody reads any more, or how long a client takes to read an answer.

use std::any::Any;
use std::cell::Cell;
use std::net::{Shutdown, TcpStream as Socket};
use std::os::fd::AsFd;
use std::rc::{Rc, Weak};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use actix_web::rt::{spawn, task::JoinHandle, time::sleep};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::Instant;

/// A connection, and since when it has been without a request.
struct Connection {
    /// A second handle of the framework's socket.
    socket: Socket,
    /// `None` while a request is being served.
    quiet_since: Cell<Option<Instant>>,
    /// When there was no room for one of its requests.
    refused_at: Cell<Option<Instant>>,
}

/// What a connection holds for as long as it is open: the one who watches it.
struct Watched(Rc<Connection>, JoinHandle<()>);

impl Drop for Watched {
    fn drop(&mut self) {
        self.1.abort();
    }
}

/// Lets the process have as many open files as the system lets it ask for. Each connection
/// takes two, and what processes begin with is often 1,024.
pub(crate) fn allow_many() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum && setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_err() {
        tracing::warn!(limit = current, "the limit of open files (ulimit -n) cannot be raised");
    }
}

/// Closes the connection once it has been without a request for `patience`: its client has
/// neither read the last answer nor sent the head of another request.
pub(crate) fn watch(stream: &dyn Any, data: &mut Extensions, patience: Duration) {
    let Some(stream) = stream.downcast_ref::<TcpStream>() else { return };
    // Without another handle the connection is served all the same.
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
            // The framework sees it end, and drops it.
            let _ = connection.socket.shutdown(Shutdown::Both);
            return;
        }
    }
}

/// Keeps in mind that there was no room for this request of the connection.
pub(crate) fn remember_refusal(request: &HttpRequest) {
    if let Some(Watched(connection, _)) = request.conn_data() {
        connection.refused_at.set(Some(Instant::now()));
    }
}

/// How long ago there was no room for a request of this request's connection, if ever.
pub(crate) fn last_refusal(request: &HttpRequest) -> Option<Duration> {
    let Watched(connection, _) = request.conn_data()?;
    connection.refused_at.get().map(|at| at.elapsed())
}

/// That a request of the connection is being served, until it is dropped.
pub(crate) struct Serving(Rc<Connection>);

impl Serving {
    /// That this request is being served.
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
