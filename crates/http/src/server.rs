//! The HTTP server: listens, serves, and stops without losing a request.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::time::Duration;

use actix_http::{HttpService, Protocol};
use actix_service::{ServiceFactoryExt, map_config};
use actix_web::dev::{AppConfig, Extensions, fn_service};
use actix_web::middleware::from_fn;
use actix_web::{App, dev, web};
use anyhow::Context;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;

use crate::connections::{self, Connection};
use crate::events::stream::StreamPlaces;
use crate::limits::Limits;
use crate::request_trace::trace_request;
use crate::routes;
use crate::services::{Background, Services, Startup};

/// The longest time for running requests after the signal to stop.
const STOP_TIMEOUT_SECONDS: u64 = 30;

/// How far the framework's clock may be behind. Without it, connections would close too early.
const CLOCK_LAG: Duration = Duration::from_millis(500);

/// The longest time for the head of a request to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest time for a client to close a connection after the last response.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How many connections the system accepts before the server does.
const BACKLOG: u32 = 1_024;

/// A server that has bound its address and does not serve yet.
pub(crate) struct BoundServer {
    server: dev::Server,
    address: SocketAddr,
    startup: web::Data<Startup>,
}

impl BoundServer {
    /// Listens on the address. Port 0 is any free port.
    ///
    /// # Errors
    /// If the server cannot listen on the address.
    pub(crate) fn bind(listen: SocketAddr, limits: &Limits) -> anyhow::Result<Self> {
        let startup = web::Data::new(Startup::default());
        let admission = web::Data::new(limits.admission());
        let (stop, is_stopping) = watch::channel(false);
        let streams = web::Data::new(StreamPlaces::new(limits.max_streams(), is_stopping));
        let (body_timeout, keep_alive) = (limits.body_timeout(), limits.keep_alive());
        connections::allow_many();
        let workers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let listener = socket(listen).with_context(|| {
            format!("cannot listen on {listen}: choose another address with --listen or HEXDESK_LISTEN")
        })?;
        let address = listener.local_addr()?;
        let app_data = startup.clone();
        let builder = dev::Server::build();
        let stopping = builder.graceful_shutdown_signal();
        // As `HttpServer` does it, with connections of our own.
        let server = builder
            .workers(workers)
            .max_concurrent_connections(limits.connections_per_worker(workers))
            .shutdown_timeout(STOP_TIMEOUT_SECONDS)
            .shutdown_signal(async move {
                stop_signal().await;
                stop.send_replace(true);
            })
            .listen("http", listener, move || {
                let app = App::new()
                    .app_data(app_data.clone())
                    .app_data(admission.clone())
                    .app_data(streams.clone())
                    .app_data(body_timeout)
                    .configure(routes::configure)
                    .wrap(from_fn(trace_request));
                let stopping = stopping.clone();
                let http = HttpService::build()
                    .client_request_timeout(HEAD_TIMEOUT)
                    .client_disconnect_timeout(DISCONNECT_TIMEOUT)
                    .keep_alive(keep_alive + CLOCK_LAG)
                    .graceful_shutdown_signal(move || {
                        let stopping = stopping.clone();
                        async move { stopping.notified().await }
                    })
                    .on_connect_ext(|connection: &Connection, data: &mut Extensions| {
                        data.insert(connection.state());
                    })
                    .finish(map_config(app, |()| AppConfig::default()));
                fn_service(move |stream: TcpStream| async move {
                    let peer = stream.peer_addr().ok();
                    let connection = Connection::new(stream, keep_alive + HEAD_TIMEOUT);
                    Ok((connection, Protocol::Http1, peer))
                })
                .and_then(http)
            })?;
        Ok(Self { server: server.run(), address, startup })
    }

    /// Returns the address that the server listens on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until SIGTERM or SIGINT, then completes the running requests and ends. Until
    /// `start` returns the services, requests that need them get 503, and `/livez` returns 200.
    ///
    /// # Errors
    /// The error of `start`, or if the sockets fail.
    pub(crate) async fn serve(
        self,
        start: impl Future<Output = anyhow::Result<(Services, Background)>>,
    ) -> anyhow::Result<()> {
        let Self { mut server, address, startup } = self;
        tokio::select! {
            ended = &mut server => ended?,
            started = start => {
                let (services, background) = started?;
                startup.complete(services);
                tracing::info!(%address, "listening");
                server.await?;
                background.stop().await;
            }
        }
        tracing::info!("stopped");
        Ok(())
    }
}

/// Returns a socket that listens on the address.
fn socket(listen: SocketAddr) -> io::Result<TcpListener> {
    let socket = if listen.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(listen)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Ends with the first SIGTERM or SIGINT. SIGHUP, with which other servers open their files again, would end
/// the process.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let [terminate, interrupt, hang_up] =
        [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
    match (terminate, interrupt, hang_up) {
        (Ok(mut terminate), Ok(mut interrupt), Ok(mut hang_up)) => {
            loop {
                tokio::select! {
                    _ = terminate.recv() => break,
                    _ = interrupt.recv() => break,
                    _ = hang_up.recv() => tracing::info!("SIGHUP changes nothing"),
                }
            }
            tracing::info!("stopping: completing the running requests");
        }
        (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
            // Without handlers, the signals end the process at once.
            tracing::error!(%error, "cannot handle SIGTERM, SIGINT and SIGHUP");
            std::future::pending::<()>().await;
        }
    }
}
