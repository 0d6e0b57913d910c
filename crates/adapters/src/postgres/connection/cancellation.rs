//! Stops a read for which nobody waits.

use std::time::Duration;

use diesel_async::AsyncPgConnection;
use tokio::time::timeout;
use tokio_postgres::CancelToken;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The longest time for stopping a read. After that, its connection is closed.
const LIMIT: Duration = Duration::from_secs(5);

/// The time after which the statement is cancelled again. A request that reaches the server before
/// the statement has no effect.
const PAUSE: Duration = Duration::from_millis(500);

/// Cancels the statements of one connection, over another connection to the same server.
pub(super) struct Canceller {
    token: CancelToken,
    tls: MakeRustlsConnect,
}

impl Canceller {
    pub(super) fn new(connection: &AsyncPgConnection, tls: MakeRustlsConnect) -> Self {
        Self { token: connection.cancel_token(), tls }
    }

    /// Cancels the read until it ends, and returns its error if its connection is idle then. The
    /// server does not confirm a request to cancel, which may reach it late and end the statement of
    /// the next caller. Only a read that fails after a single request proves that none is left.
    pub(super) async fn stop<T, E>(&self, mut read: impl Future<Output = Result<T, E>> + Unpin) -> Option<E> {
        let stopped = timeout(LIMIT, async {
            let mut requests = 0;
            loop {
                requests += 1;
                self.token.cancel_query(self.tls.clone()).await.ok()?;
                if let Ok(ended) = timeout(PAUSE, &mut read).await {
                    return ended.err().filter(|_| requests == 1);
                }
            }
        });
        stopped.await.ok().flatten()
    }
}
