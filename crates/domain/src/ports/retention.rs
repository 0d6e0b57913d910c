use async_trait::async_trait;

use crate::{ShopId, StorageError, Timestamp};

/// Takes away what was kept long enough, in steps small enough that others are not kept
/// waiting.
///
/// - **RETENTION-1** A step removes idempotency records of any shop that were requested before
///   the time given, at most as many as allowed, and answers how many; fewer than allowed
///   means that none is left. Every other record stays, and so does what a record is of.
/// - **RETENTION-2** A key whose record was removed is free.
/// - **RETENTION-3** A step removes events of the shop that are from before the time given,
///   from the beginning of the log on and none behind one that stays, at most as many as
///   allowed, and answers how many; fewer than allowed means that the log begins with one
///   that stays. No other shop's go, and places in the log keep their meaning.
///
/// An idempotency record is requested at the `requested_at` of its
/// [`DeferredClaim`](crate::DeferredClaim); that of a new ticket at the time of the
/// ticket's [`AuditStamp`](crate::AuditStamp).
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// Removes idempotency records requested before this time, at most `limit`, which is not 0.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn remove_idempotency_records(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError>;

    /// Removes events of the shop from before this time, at most `limit`, which is not 0.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn remove_events(&self, shop: ShopId, before: Timestamp, limit: u32) -> Result<u64, StorageError>;
}
