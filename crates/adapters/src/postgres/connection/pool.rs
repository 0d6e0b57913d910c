//! The connections in use and at rest, and how operations run on them.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bb8::{ErrorSink, ManageConnection, Pool, RunError};
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::PoolableConnection;
use hexdesk_domain::{StorageError, StorageErrorKind};
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::connector::Connector;
use super::errors::ConnectError;
use super::response_timeout::ResponseTimeout;
use crate::postgres::errors::{Effect, Failure, conclude};

/// How long an operation waits for a connection.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);

/// The connections to the database, and the runtime on which they live.
#[derive(Clone)]
pub(in crate::postgres) struct Connections {
    pool: Pool<Connector>,
    last_refusal: LastRefusal,
    runtime: Handle,
    written: Arc<Notify>,
}

/// A connection and whether it is known to be between two operations. While it is not,
/// it is closed instead of being handed to the next operation.
pub(in crate::postgres) struct Session {
    connection: AsyncPgConnection,
    response_timeout: ResponseTimeout,
    is_idle: bool,
}

/// An asynchronous closure whose future has a name, so that it can be required to be
/// `Send`; plain `AsyncFnOnce` has no way to say so.
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

/// What an operation does with its connection. It keeps its answer to itself, so that all
/// that is around it is compiled once, not once for each operation.
type BoxedWork = Box<dyn for<'c> FnOnce(&'c mut AsyncPgConnection) -> Worked<'c> + Send>;

type Worked<'c> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'c>>;

impl ManageConnection for Connector {
    type Connection = Session;
    type Error = ConnectError;

    async fn connect(&self) -> Result<Session, ConnectError> {
        let (connection, response_timeout) = self.establish().await?;
        Ok(Session { connection, response_timeout, is_idle: true })
    }

    /// Asks the connection, not the server: the driver notices by itself when the server
    /// closes the connection, and a round trip before each operation would double its cost.
    async fn is_valid(&self, session: &mut Session) -> Result<(), ConnectError> {
        if session.connection.is_broken() { Err(self.closed()) } else { Ok(()) }
    }

    fn has_broken(&self, session: &mut Session) -> bool {
        !session.is_idle || session.connection.is_broken()
    }
}

impl Connections {
    /// Opens one connection, up to `max_size` when they are needed.
    pub(in crate::postgres) async fn open(connector: Connector, max_size: u32) -> Result<Self, ConnectError> {
        let first = connector.connect().await?;
        let last_refusal = LastRefusal::default();
        let pool = Pool::builder()
            .max_size(max_size)
            .connection_timeout(ACQUIRE_LIMIT)
            .error_sink(last_refusal.boxed_clone())
            .build_unchecked(connector);
        // Never refused by an empty pool; and nothing is lost if it is.
        let _ = pool.add(first);
        Ok(Self { pool, last_refusal, runtime: Handle::current(), written: Arc::default() })
    }

    /// A connection that is not of the pool.
    pub(in crate::postgres) async fn dedicated(&self) -> Result<AsyncPgConnection, ConnectError> {
        Ok(self.pool.dedicated_connection().await?.connection)
    }

    /// Waits until an operation has written, unless one has since this was last waited for.
    pub(in crate::postgres) async fn written(&self) {
        self.written.notified().await;
    }

    /// Runs an operation on a connection, as a task of its own: when the caller drops
    /// the future, the operation still ends as it would have, and its connection goes
    /// back to the pool in order.
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
                // Nobody waits any more if the caller dropped the future.
                let _ = sender.send(work(connection).await?);
                Ok(())
            })
        });
        let lost: anyhow::Error = match self.spawn(operation, effect, work).await {
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
    ) -> JoinHandle<Result<(), StorageError>> {
        let connections = self.clone();
        self.runtime.spawn(async move {
            let mut session = match connections.pool.get().await {
                Ok(session) => session,
                Err(error) => {
                    let error = connections.last_refusal.explain(error);
                    return Err(StorageError::new(StorageErrorKind::Unavailable, operation, error));
                }
            };
            let Session { connection, response_timeout, is_idle } = &mut *session;
            *is_idle = false;
            let worked = tokio::select! {
                worked = work(connection) => worked,
                waited = response_timeout.exceeded() => Err(Failure::ResponseTimeout(waited)),
            };
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

/// Why the latest connection could not be opened. The pool itself tells a waiting caller
/// only that time is up.
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
                anyhow::anyhow!("no connection within {waited} s: all of the pool are in use")
            }
        }
    }
}
