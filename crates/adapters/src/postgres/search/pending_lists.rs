//! The words that are not in their indexes yet.
//!
//! PostgreSQL adds the words of a row to a list in front of their index (GIN's pending list),
//! since many are brought into the index together in far less time than one by one. Whoever
//! makes the list too long has to bring them there before going on, which takes a tenth of a
//! second and more; and every search goes through the list. So this is done here, on a
//! connection of the pool that no request waits for, soon after something was written.

use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use hexdesk_domain::StorageError;
use tokio::task::AbortHandle;

use crate::postgres::connection::Connections;
use crate::postgres::errors::Effect;

/// How long after a failure it is not tried again. PostgreSQL looks after the lists, too.
const PAUSE: Duration = Duration::from_secs(60);

/// Of each list, if the account may: only the index's owner is allowed to.
const CLEAN_UP: &str = "SELECT gin_clean_pending_list(oid) FROM pg_class
    WHERE oid = ANY ('{customers_by_words, tickets_by_words, comments_by_words}'::regclass[])
        AND pg_has_role(relowner, 'USAGE')";

/// Keeps the lists short for as long as it is held.
#[derive(Debug)]
pub(in crate::postgres) struct PendingListCleaner(AbortHandle);

impl PendingListCleaner {
    /// Begins to have the lists cleaned up so long after something was written.
    pub(in crate::postgres) fn start(connections: Connections, delay: Duration) -> Self {
        let task = tokio::spawn(async move {
            loop {
                connections.written().await;
                tokio::time::sleep(delay).await;
                if let Err(error) = clean_up(&connections).await {
                    tracing::warn!(
                        %error, "could not bring new words into their indexes; trying again in a minute"
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

/// Reads, as far as anyone else can see.
async fn clean_up(connections: &Connections) -> Result<(), StorageError> {
    connections
        .run("clean_up_pending_lists", Effect::Read, async |connection: &mut AsyncPgConnection| {
            Ok(connection.batch_execute(CLEAN_UP).await?)
        })
        .await
}
