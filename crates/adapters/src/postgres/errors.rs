//! What a failure means to the caller of a port.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use hexdesk_domain::{StorageError, StorageErrorKind};
use tokio::time::timeout;

use super::record_key::RecordKey;
use crate::sql::CorruptRow;

/// How long a session that has just refused something may take to show that it is still there.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// Whether an operation may have left something behind when its connection is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Read,
    Write,
}

/// An operation failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The database refused a statement, or the connection was lost.
    #[error(transparent)]
    Database(#[from] Error),
    #[error(transparent)]
    CorruptRow(#[from] CorruptRow),
    /// What an event tells of cannot be written down.
    #[error(transparent)]
    Snapshot(#[from] serde_json::Error),
    /// One of these idempotency keys could not be claimed. Nothing was written.
    #[error("an idempotency key cannot be claimed")]
    NotClaimed {
        keys: BTreeSet<RecordKey>,
        #[source]
        cause: Error,
    },
    /// The database did what it never does.
    #[error("{0}")]
    Unexpected(&'static str),
    /// The server did not answer for so long.
    #[error("the server has not answered for {} s", .0.as_secs())]
    ResponseTimeout(Duration),
    /// A part was written before this went wrong.
    #[error("a part was written before this went wrong: {0}")]
    PartlyWritten(Error),
}

impl Failure {
    /// What the database says, if a part may have been written before.
    pub(super) fn after(wrote_a_part: bool, error: Error) -> Self {
        if wrote_a_part { Self::PartlyWritten(error) } else { Self::Database(error) }
    }
}

/// What became of the connection and the statement on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    /// Refused, nothing was written, the connection is as good as new.
    Refused,
    /// As `Refused`, because of a passing state of the server.
    RefusedForNow,
    /// As `RefusedForNow`; another connection may lead to a server that does not refuse.
    WrongServer,
    /// The connection is lost, or nothing is known of it.
    Lost,
}

/// What a caller can conclude, and whether the connection can be used again.
pub(super) async fn conclude(
    failure: Failure,
    operation: &'static str,
    effect: Effect,
    connection: &mut AsyncPgConnection,
) -> (StorageError, bool) {
    let finding = match &failure {
        Failure::Database(error) | Failure::NotClaimed { cause: error, .. } => {
            examine(error, connection).await
        }
        Failure::CorruptRow(_) | Failure::Snapshot(_) | Failure::Unexpected(_) => Finding::Refused,
        Failure::ResponseTimeout(_) | Failure::PartlyWritten(_) => Finding::Lost,
    };
    let kind = match (finding, effect) {
        (Finding::Refused, _) => StorageErrorKind::Unexpected,
        (Finding::RefusedForNow | Finding::WrongServer, _) => StorageErrorKind::Unavailable,
        (Finding::Lost, Effect::Read) => StorageErrorKind::Unavailable,
        (Finding::Lost, Effect::Write) => StorageErrorKind::OutcomeUnknown,
    };
    let reusable = matches!(finding, Finding::Refused | Finding::RefusedForNow);
    (StorageError::new(kind, operation, failure), reusable)
}

async fn examine(error: &Error, connection: &mut AsyncPgConnection) -> Finding {
    match error {
        Error::DatabaseError(kind, _) => match kind {
            DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection => Finding::Lost,
            DatabaseErrorKind::SerializationFailure => Finding::RefusedForNow,
            DatabaseErrorKind::ReadOnlyTransaction => Finding::WrongServer,
            // The driver has no kind for most of PostgreSQL's errors and withholds their
            // codes. To statements that tests have seen succeed these are what happens: a
            // timeout, a deadlock, a lack of memory or disk, a schema that is not there
            // yet, a shutdown. The end of the session is reported like a refusal, too;
            // whether the statement was committed before, the server does not say.
            DatabaseErrorKind::Unknown if !answers(connection).await => Finding::Lost,
            DatabaseErrorKind::Unknown => Finding::RefusedForNow,
            _ => Finding::Refused,
        },
        Error::NotFound
        | Error::QueryBuilderError(_)
        | Error::SerializationError(_)
        | Error::DeserializationError(_) => Finding::Refused,
        // Something is wrong with the transaction.
        _ => Finding::Lost,
    }
}

/// Whether the session is still there.
async fn answers(connection: &mut AsyncPgConnection) -> bool {
    matches!(timeout(PROBE_LIMIT, connection.batch_execute("")).await, Ok(Ok(())))
}

/// A number of rows.
pub(super) fn count_from<N: TryInto<u64>>(rows: N) -> Result<u64, Failure> {
    rows.try_into().map_err(|_| Failure::Unexpected("a count is negative"))
}
