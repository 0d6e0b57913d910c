//! Failures of operations, and the [`StorageError`] that callers get.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use hexdesk_domain::{StorageError, StorageErrorKind};
use tokio::time::timeout;

use super::record_key::RecordKey;
use crate::sql::CorruptRow;

/// The time limit for a probe of a session after an error.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// Whether an operation may have written when its connection is lost.
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
    /// The snapshot of an event cannot be serialized.
    #[error(transparent)]
    Snapshot(#[from] serde_json::Error),
    /// One of these idempotency keys could not be claimed. Nothing was written.
    #[error("an idempotency key cannot be claimed")]
    NotClaimed {
        keys: BTreeSet<RecordKey>,
        #[source]
        cause: Error,
    },
    /// The database returned a result that its constraints rule out.
    #[error("{0}")]
    Unexpected(&'static str),
    /// The server did not respond for this long.
    #[error("the server has not responded for {} s", .0.as_secs())]
    ResponseTimeout(Duration),
    /// A part was written before this error.
    #[error("a part was written before this error: {0}")]
    PartlyWritten(Error),
}

impl Failure {
    /// The failure for an error of the database, after a part may have been written.
    pub(super) fn after(wrote_a_part: bool, error: Error) -> Self {
        if wrote_a_part { Self::PartlyWritten(error) } else { Self::Database(error) }
    }
}

/// The state of a statement and its connection after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    /// The statement was refused. Nothing was written, and the connection can be reused.
    Refused,
    /// As `Refused`, for a temporary reason.
    RefusedForNow,
    /// As `RefusedForNow`. Another connection may lead to a server that accepts the statement.
    WrongServer,
    /// The connection is lost, or its state is unknown.
    Lost,
}

/// The error for the caller, and whether the connection can be reused.
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
            // The driver has no kind for most errors of PostgreSQL and withholds their codes.
            // Statements that pass the tests fail for these reasons: a timeout, a deadlock, a
            // lack of memory or disk, a missing schema, a shutdown. The end of the session is
            // reported like a refusal too; the statement may have been committed before.
            DatabaseErrorKind::Unknown if !responds(connection).await => Finding::Lost,
            DatabaseErrorKind::Unknown => Finding::RefusedForNow,
            _ => Finding::Refused,
        },
        Error::NotFound
        | Error::QueryBuilderError(_)
        | Error::SerializationError(_)
        | Error::DeserializationError(_) => Finding::Refused,
        // The state of the transaction is unknown.
        _ => Finding::Lost,
    }
}

/// Whether the session still responds.
async fn responds(connection: &mut AsyncPgConnection) -> bool {
    matches!(timeout(PROBE_LIMIT, connection.batch_execute("")).await, Ok(Ok(())))
}

/// A number of rows.
pub(super) fn count_from<N: TryInto<u64>>(rows: N) -> Result<u64, Failure> {
    rows.try_into().map_err(|_| Failure::Unexpected("a count is negative"))
}
