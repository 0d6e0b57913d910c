//! The HTTP server: from a storage to answered requests, and to a stop that loses none.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, dev, web};
use anyhow::Context;
use hexdesk_adapters::{ApiKeyAuthenticator, GroupCommit, SystemClock};
use hexdesk_domain::{
    Clock, CreateComment, CreateCustomer, CreateTicket, ManageApiKeys, ManageUsers, Storage, UpdateCustomer,
    UpdateTicket,
};
use tokio::runtime::Handle;

use crate::admission::admit;
use crate::connections;
use crate::idempotency::KeysInUse;
use crate::limits::Limits;
use crate::request_trace::trace_request;
use crate::routes;
use crate::services::Services;
use crate::ticket_ids::{RangeKeeper, ReservedTicketIds};

/// How long requests that are running when the server is told to stop may take.
const STOP_TIMEOUT_SECONDS: u64 = 30;

/// How long the head of a request may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection may be without a request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// A server that has its address and has not begun to serve.
pub(crate) struct BoundServer {
    server: dev::Server,
    address: SocketAddr,
    _range_keeper: RangeKeeper,
}

impl BoundServer {
    /// Wires the routes to the storage and takes the address; port 0 takes a free one.
    ///
    /// # Errors
    /// If the address cannot be had, or the storage has no ticket ids to hand out.
    pub(crate) async fn bind(
        listen: SocketAddr,
        storage: Arc<dyn Storage>,
        limits: &Limits,
    ) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (ids, range_keeper) = ReservedTicketIds::start(storage.clone(), clock.clone()).await?;
        let grouped = Arc::new(GroupCommit::new(storage.clone(), storage.clone(), Handle::current()));
        let services = web::Data::new(Services {
            authenticator: Arc::new(ApiKeyAuthenticator::new(storage.clone(), clock.clone())),
            create_ticket: CreateTicket::new(grouped.clone(), clock.clone(), ids.clone()),
            update_ticket: UpdateTicket::new(storage.clone(), clock.clone()),
            tickets: storage.clone(),
            create_comment: CreateComment::new(grouped, clock.clone(), ids),
            comments: storage.clone(),
            create_customer: CreateCustomer::new(storage.clone(), clock.clone()),
            update_customer: UpdateCustomer::new(storage.clone(), clock.clone()),
            customers: storage.clone(),
            manage_users: ManageUsers::new(storage.clone(), clock.clone()),
            users: storage.clone(),
            manage_api_keys: ManageApiKeys::new(storage.clone(), clock.clone()),
            api_keys: storage.clone(),
            search: storage.clone(),
            rate_limits: limits.rate_limits()?,
            clock,
            readiness: storage,
            keys_in_use: KeysInUse::default(),
        });
        let admission = web::Data::new(limits.admission());
        connections::allow_many();
        let patience = limits.request_timeout().max(HEAD_TIMEOUT + IDLE_TIMEOUT);
        let workers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(services.clone())
                .app_data(admission.clone())
                .configure(routes::configure)
                .wrap(from_fn(admit))
                .wrap(from_fn(trace_request))
        })
        .workers(workers)
        .max_connections(limits.connections_per_worker(workers))
        .on_connect(move |stream, data| connections::watch(stream, data, patience))
        .client_request_timeout(HEAD_TIMEOUT)
        .keep_alive(IDLE_TIMEOUT)
        .shutdown_timeout(STOP_TIMEOUT_SECONDS)
        .shutdown_signal(stop_signal())
        .bind(listen)
        .with_context(|| {
            format!("cannot listen on {listen}: choose another address with --listen or HEXDESK_LISTEN")
        })?;
        let address = server.addrs().first().copied().unwrap_or(listen);
        Ok(Self { server: server.run(), address, _range_keeper: range_keeper })
    }

    /// The address that clients reach the server at.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until SIGTERM or SIGINT, then answers what is running and ends.
    ///
    /// # Errors
    /// If the sockets fail.
    pub(crate) async fn serve(self) -> anyhow::Result<()> {
        tracing::info!(address = %self.address, "listening");
        self.server.await?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Ends with the first SIGTERM or SIGINT.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("stopping: answering the requests that are running");
        }
        (Err(error), _) | (_, Err(error)) => {
            // Without handlers the signals end the process at once, as they would any other.
            tracing::error!(%error, "cannot handle SIGTERM and SIGINT");
            std::future::pending::<()>().await;
        }
    }
}
