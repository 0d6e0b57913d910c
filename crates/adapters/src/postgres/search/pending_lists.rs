//! Moves new words into their indexes.
//!
//! PostgreSQL adds the words of a row to the pending list of their GIN index. Many words are faster
//! to index together. Every search reads the whole list. The write that makes the list too long
//! must empty it, which takes 0.1 s or more. So a background task empties the lists soon after a
//! write, on a connection of the pool.

use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use hexdesk_domain::StorageError;
use tokio::task::AbortHandle;

use crate::postgres::connection::Connections;
use crate::postgres::errors::Effect;

/// The pause after a failure. Without this task, PostgreSQL empties the lists itself.
const PAUSE: Duration = Duration::from_secs(60);

/// Empties the lists of indexes that the account owns, as PostgreSQL requires.
const CLEAN_UP: &str = "SELECT gin_clean_pending_list(oid) FROM pg_class
    WHERE oid = ANY ('{customers_by_words, tickets_by_words, comments_by_words}'::regclass[])
        AND pg_has_role(relowner, 'USAGE')";

/// Keeps the lists short until it is dropped.
#[derive(Debug)]
pub(in crate::postgres) struct PendingListCleaner(AbortHandle);

impl PendingListCleaner {
    /// Starts the task. It empties the lists `delay` after each write.
    pub(in crate::postgres) fn start(connections: Connections, delay: Duration) -> Self {
        let task = tokio::spawn(async move {
            loop {
                connections.written().await;
                tokio::time::sleep(delay).await;
                if let Err(error) = clean_up(&connections).await {
                    tracing::warn!(
                        %error, "could not move new words into the search indexes; retrying in a minute"
                    );
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
        Self(task.abort_handle())
    }
}

impl Drop for PendingListCleaner {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Empties the lists. This is a read for the pool, because no other session sees a change.
async fn clean_up(connections: &Connections) -> Result<(), StorageError> {
    connections
        .run("clean_up_pending_lists", Effect::Read, async |connection: &mut AsyncPgConnection| {
            Ok(connection.batch_execute(CLEAN_UP).await?)
        })
        .await
}
