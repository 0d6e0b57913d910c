//! The pool of connections, and how operations run on them.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bb8::{ErrorSink, ManageConnection, Pool, RunError};
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::PoolableConnection;
use hexdesk_domain::{StorageError, StorageErrorKind};
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::cancellation::Canceller;
use super::connector::{Connector, Opened};
use super::errors::ConnectError;
use super::response_timeout::ResponseTimeout;
use crate::fair_reads::current_turn;
use crate::postgres::errors::{Effect, Failure, conclude};

/// The maximum time that an operation waits for a connection.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);

/// The connections to the database, and the runtime on which they live.
#[derive(Clone)]
pub(in crate::postgres) struct Connections {
    pool: Pool<Connector>,
    last_refusal: LastRefusal,
    runtime: Handle,
    written: Arc<Notify>,
    has_citus: bool,
}

/// A connection of the pool. It is closed instead of reused unless it is known to be idle: no
/// operation runs on it, and no transaction is open.
pub(in crate::postgres) struct Session {
    connection: AsyncPgConnection,
    response_timeout: ResponseTimeout,
    canceller: Canceller,
    has_citus: bool,
    is_idle: bool,
}

/// An asynchronous closure with a named future, so that a bound can require `Send`. `AsyncFnOnce`
/// cannot express that.
pub(in crate::postgres) trait Work<C, R>:
    AsyncFnOnce(C) -> R + FnOnce(C) -> <Self as Work<C, R>>::Future
{
    type Future: Future<Output = R>;
}

impl<F, C, R, Fut> Work<C, R> for F
where
    F: AsyncFnOnce(C) -> R + FnOnce(C) -> Fut,
    Fut: Future<Output = R>,
{
    type Future = Fut;
}

/// An operation without its result type. The code around it is therefore compiled once, not once
/// per operation.
type BoxedWork = Box<dyn for<'c> FnOnce(&'c mut AsyncPgConnection) -> Worked<'c> + Send>;

type Worked<'c> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'c>>;

/// A part of a read on a session outside the pool.
type Reading<'c, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'c>>;

impl ManageConnection for Connector {
    type Connection = Session;
    type Error = ConnectError;

    async fn connect(&self) -> Result<Session, ConnectError> {
        let Opened { connection, response_timeout, has_citus } = self.establish().await?;
        let canceller = self.canceller(&connection);
        Ok(Session { connection, response_timeout, canceller, has_citus, is_idle: true })
    }

    /// Asks the driver, which notices when the server closes a connection. A round trip to the
    /// server would double the cost of each operation.
    async fn is_valid(&self, session: &mut Session) -> Result<(), ConnectError> {
        if session.connection.is_broken() { Err(self.closed()) } else { Ok(()) }
    }

    fn has_broken(&self, session: &mut Session) -> bool {
        !session.is_idle || session.connection.is_broken()
    }
}

impl Connections {
    /// Opens one connection now, and up to `max_size` on demand.
    pub(in crate::postgres) async fn open(connector: Connector, max_size: u32) -> Result<Self, ConnectError> {
        let first = connector.connect().await?;
        let has_citus = first.has_citus;
        let last_refusal = LastRefusal::default();
        let pool = Pool::builder()
            .max_size(max_size)
            .connection_timeout(ACQUIRE_LIMIT)
            .error_sink(last_refusal.boxed_clone())
            .build_unchecked(connector);
        // An empty pool always accepts it. If not, nothing is lost.
        let _ = pool.add(first);
        Ok(Self { pool, last_refusal, runtime: Handle::current(), written: Arc::default(), has_citus })
    }

    /// Opens a connection outside the pool.
    pub(in crate::postgres) async fn dedicated(&self) -> Result<AsyncPgConnection, ConnectError> {
        Ok(self.pool.dedicated_connection().await?.connection)
    }

    /// Opens a session outside the pool, for a read of several statements that may take long.
    pub(in crate::postgres) async fn dedicated_session(
        &self,
        operation: &'static str,
    ) -> Result<Session, StorageError> {
        let opened = self.pool.dedicated_connection().await;
        opened.map_err(|error| StorageError::new(StorageErrorKind::Unavailable, operation, error))
    }

    /// Begins a task on the runtime of the connections.
    pub(in crate::postgres) fn spawn_task(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(task);
    }

    /// Whether the database had the extension `citus` when the first connection was opened.
    pub(in crate::postgres) fn has_citus(&self) -> bool {
        self.has_citus
    }

    /// Waits for a write. Returns at once if there was one since the last call.
    pub(in crate::postgres) async fn written(&self) {
        self.written.notified().await;
    }

    /// Runs an operation on a connection of the pool, in a task of its own. If the caller drops the
    /// future, a write still runs to its end, and its connection returns to the pool. A read that
    /// waits for a connection is not begun then. A running one is cancelled, and keeps its turn until
    /// the database has stopped it.
    pub(in crate::postgres) async fn run<T, F>(
        &self,
        operation: &'static str,
        effect: Effect,
        work: F,
    ) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, Failure>
            + for<'c> Work<&'c mut AsyncPgConnection, Result<T, Failure>, Future: Send>
            + Send
            + 'static,
    {
        let (sender, mut receiver) = oneshot::channel();
        let work: BoxedWork = Box::new(move |connection| {
            Box::pin(async move {
                // Fails if the caller dropped the future.
                let _ = sender.send(work(connection).await?);
                Ok(())
            })
        });
        // The task notices when this is dropped.
        let (_waiting, abandoned) = oneshot::channel();
        let lost: anyhow::Error = match self.spawn(operation, effect, work, abandoned).await {
            Ok(Err(error)) => return Err(error),
            Ok(Ok(())) => match receiver.try_recv() {
                Ok(value) => return Ok(value),
                Err(error) => error.into(),
            },
            // The task panicked, or its runtime is shutting down.
            Err(error) => error.into(),
        };
        let kind = match effect {
            Effect::Read => StorageErrorKind::Unexpected,
            Effect::Write => StorageErrorKind::OutcomeUnknown,
        };
        Err(StorageError::new(kind, operation, lost))
    }

    fn spawn(
        &self,
        operation: &'static str,
        effect: Effect,
        work: BoxedWork,
        abandoned: oneshot::Receiver<Infallible>,
    ) -> JoinHandle<Result<(), StorageError>> {
        let connections = self.clone();
        // Kept until the work has ended.
        let turn = current_turn();
        self.runtime.spawn(async move {
            let _turn = turn;
            let unavailable = |cause| StorageError::new(StorageErrorKind::Unavailable, operation, cause);
            let nobody_waits = || unavailable(anyhow::anyhow!("nobody waits for this read"));
            let mut abandoned = pin!(async {
                match effect {
                    Effect::Read => drop(abandoned.await),
                    Effect::Write => std::future::pending().await,
                }
            });
            let session = tokio::select! {
                session = connections.pool.get() => session,
                () = &mut abandoned => return Err(nobody_waits()),
            };
            let mut session =
                session.map_err(|error| unavailable(connections.last_refusal.explain(error)))?;
            let Session { connection, response_timeout, canceller, is_idle, has_citus: _ } = &mut *session;
            *is_idle = false;
            let mut working = work(connection);
            let worked = tokio::select! {
                worked = &mut working => worked,
                waited = response_timeout.exceeded() => Err(Failure::ResponseTimeout(waited)),
                () = abandoned => Err(canceller.stop(&mut working).await.ok_or_else(nobody_waits)?),
            };
            drop(working);
            match worked {
                Ok(()) => {
                    *is_idle = true;
                    if effect == Effect::Write {
                        connections.written.notify_one();
                    }
                    Ok(())
                }
                Err(failure) => {
                    let (error, reusable) = conclude(failure, operation, effect, connection).await;
                    *is_idle = reusable;
                    Err(error)
                }
            }
        })
    }
}

impl Session {
    /// Runs a part of a read. The session is of no use after a failure.
    pub(in crate::postgres) async fn read<T>(
        &mut self,
        operation: &'static str,
        work: impl for<'c> FnOnce(&'c mut AsyncPgConnection) -> Reading<'c, T>,
    ) -> Result<T, StorageError> {
        let worked = tokio::select! {
            worked = work(&mut self.connection) => worked,
            waited = self.response_timeout.exceeded() => Err(Failure::ResponseTimeout(waited)),
        };
        match worked {
            Ok(answer) => Ok(answer),
            Err(failure) => Err(conclude(failure, operation, Effect::Read, &mut self.connection).await.0),
        }
    }
}

/// The reason why the last connection could not be opened. The pool itself reports only a timeout
/// to waiting callers.
#[derive(Debug, Clone, Default)]
struct LastRefusal(Arc<Mutex<Option<(Instant, ConnectError)>>>);

impl ErrorSink<ConnectError> for LastRefusal {
    fn sink(&self, error: ConnectError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), error));
    }

    fn boxed_clone(&self) -> Box<dyn ErrorSink<ConnectError>> {
        Box::new(self.clone())
    }
}

impl LastRefusal {
    fn explain(&self, error: RunError<ConnectError>) -> anyhow::Error {
        let waited = ACQUIRE_LIMIT.as_secs();
        match (error, &*self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            (RunError::User(error), _) => error.into(),
            (RunError::TimedOut, Some((at, error))) if at.elapsed() <= ACQUIRE_LIMIT => {
                anyhow::anyhow!("no connection within {waited} s: {error}")
            }
            (RunError::TimedOut, _) => {
                anyhow::anyhow!("no connection within {waited} s: all connections of the pool are in use")
            }
        }
    }
}
