//! Operations that take effect once, however often they are asked for.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{
    Attempt, CustomerId, IdempotencyKey, IdempotencyRequest, Once, Receipt, ShopId, Timestamp,
};

use super::errors::Failure;
use super::pool::Work;
use crate::rows::{IdempotencyRow, RecordedAnswer};
use crate::schema::idempotency_records;
use crate::sql_types::StoredTimestamp;

/// How often to claim a key anew whose record goes away before it is read.
const ATTEMPTS: usize = 3;

/// Which record tells of a request. Records are claimed in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RecordKey {
    shop: ShopId,
    operation: String,
    key: IdempotencyKey,
}

impl RecordKey {
    pub(super) fn new(shop: ShopId, request: &IdempotencyRequest) -> Self {
        Self { shop, operation: request.operation.clone(), key: request.key.clone() }
    }

    /// The primary key of the record.
    fn primary(&self) -> (i64, &str, &str) {
        (self.shop.get(), self.key.as_str(), &self.operation)
    }
}

/// Runs an operation of the shop in a transaction of its own, unless it was to take effect
/// once and was asked for before.
pub(super) async fn attempt<T, F>(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    once: Option<&Once<T>>,
    operation: F,
) -> Result<Attempt<T>, Failure>
where
    T: Send + 'static,
    F: AsyncFnOnce(&mut AsyncPgConnection) -> Result<T, Failure>
        + for<'c> Work<&'c mut AsyncPgConnection, Result<T, Failure>, Future: Send>
        + Send,
{
    let Some(once) = once else {
        return connection.transaction(operation).await.map(Attempt::Ran);
    };
    let attempted = connection
        .transaction(async |connection| {
            let Once { request, requested_at, receipt } = once;
            if let Some(recorded) = claim(connection, shop, request, *requested_at).await? {
                return Ok(answer(&recorded, request));
            }
            let key = RecordKey::new(shop, request);
            let outcome = operation(connection).await?;
            match receipt(&outcome) {
                Some(receipt) => complete(connection, &key, once, receipt).await?,
                None => release(connection, &key).await?,
            }
            Ok(Attempt::Ran(outcome))
        })
        .await;
    match attempted {
        Err(Failure::NotClaimed { key, cause }) if is_held(&key, &cause, connection).await => {
            Ok(Attempt::InProgress)
        }
        attempted => attempted,
    }
}

/// Claims the key of a request for the transaction, which must [`complete`] the record or
/// [`release`] the key. Waits for another that has claimed it, and answers what that one
/// recorded if it took effect.
pub(super) async fn claim(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    request: &IdempotencyRequest,
    requested_at: Timestamp,
) -> Result<Option<RecordedAnswer>, Failure> {
    let key = RecordKey::new(shop, request);
    // Nobody sees it before the transaction ends.
    let placeholder = Receipt { answer: Vec::new(), customer_id: None };
    let placeholder = IdempotencyRow::new(shop, request, placeholder, requested_at);
    for _ in 0..ATTEMPTS {
        let claimed = diesel::insert_into(idempotency_records::table)
            .values(&placeholder)
            .on_conflict_do_nothing()
            .execute(connection)
            .await
            .map_err(|cause| Failure::NotClaimed { key: Box::new(key.clone()), cause })?;
        if claimed > 0 {
            return Ok(None);
        }
        // A new statement, which sees what was committed meanwhile.
        let recorded = idempotency_records::table
            .find(key.primary())
            .select(RecordedAnswer::as_select())
            .get_result(connection)
            .await
            .optional()?;
        if recorded.is_some() {
            return Ok(recorded);
        }
    }
    Err(Failure::Surprise("a record is in the way and is not there"))
}

/// What a request is answered whose key has been used.
pub(super) fn answer<T>(recorded: &RecordedAnswer, request: &IdempotencyRequest) -> Attempt<T> {
    if recorded.fingerprint == request.fingerprint.0 {
        Attempt::Replayed(recorded.receipt.clone())
    } else {
        Attempt::KeyReused
    }
}

/// Records the receipt of the request for which the transaction has claimed the key.
pub(super) async fn complete<T>(
    connection: &mut AsyncPgConnection,
    key: &RecordKey,
    once: &Once<T>,
    receipt: Receipt,
) -> Result<(), Failure> {
    diesel::update(idempotency_records::table.find(key.primary()))
        .set((
            // Another request of the batch may have claimed the key and not used it.
            idempotency_records::fingerprint.eq(once.request.fingerprint.0.as_slice()),
            idempotency_records::created_at.eq(StoredTimestamp(once.requested_at)),
            idempotency_records::receipt.eq(receipt.answer),
            idempotency_records::customer_id.eq(receipt.customer_id.map(CustomerId::get)),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// Gives up the key that the transaction has claimed.
pub(super) async fn release(connection: &mut AsyncPgConnection, key: &RecordKey) -> Result<(), Failure> {
    diesel::delete(idempotency_records::table.find(key.primary())).execute(connection).await?;
    Ok(())
}

/// Whether a key could not be claimed because another transaction holds it and has not
/// ended in time. The driver withholds the code that says so; that a key which nobody
/// holds can be claimed says the same: it is not the server, the disk or the table.
pub(super) async fn is_held(key: &RecordKey, cause: &Error, connection: &mut AsyncPgConnection) -> bool {
    if !matches!(cause, Error::DatabaseError(DatabaseErrorKind::Unknown, _)) {
        return false;
    }
    let claimed = connection
        .transaction(async |connection| {
            diesel::insert_into(idempotency_records::table)
                .values((
                    idempotency_records::shop_id.eq(key.shop.get()),
                    idempotency_records::operation.eq(""),
                    // No caller's key holds a control character, and no other session has
                    // this number.
                    idempotency_records::idempotency_key.eq(sql::<Text>("chr(1) || pg_backend_pid()")),
                    idempotency_records::fingerprint.eq([].as_slice()),
                    idempotency_records::receipt.eq([].as_slice()),
                    idempotency_records::created_at.eq(sql("now()")),
                ))
                .execute(connection)
                .await?;
            Err::<(), _>(Error::RollbackTransaction)
        })
        .await;
    claimed == Err(Error::RollbackTransaction)
}
