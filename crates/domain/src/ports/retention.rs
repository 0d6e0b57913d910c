use async_trait::async_trait;

use crate::{ShopId, StorageError, Timestamp};

/// Removes old data in steps. Each call is one step. A step is small, so that other calls do not
/// wait long.
///
/// - **RETENTION-1** A step removes idempotency records of any shop that were requested before the
///   given time. It removes at most `limit` records and returns how many it removed. If it removes
///   fewer than `limit`, no such record is left. Every other record stays. The data that the
///   recorded requests wrote stays, too.
/// - **RETENTION-2** The key of a removed record is free.
/// - **RETENTION-3** A step removes events of the shop that are from before the given time. It
///   removes from the beginning of the log, and no event after one that stays. It removes at most
///   `limit` events and returns how many it removed. If it removes fewer than `limit`, the log
///   begins with an event that stays. Events of other shops stay. Later positions in the log keep
///   their meaning. EVENT-15 says where the log begins then.
/// - **RETENTION-4** Steps that run at the same time remove each record, event and attempt once. If every
///   caller repeats its step until it removes fewer than `limit`, nothing old is left.
/// - **RETENTION-5** A step removes attempts of the shop's webhooks that began before the given time. It
///   removes at most `limit` attempts and returns how many it removed. If it removes fewer than `limit`,
///   no such attempt is left. Every other attempt stays. No number is used again.
///
/// A record was requested at the `requested_at` of its [`DeferredClaim`](crate::DeferredClaim). The
/// record of a new ticket was requested at the time of the ticket's
/// [`AuditStamp`](crate::AuditStamp).
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// Removes idempotency records that were requested before this time: at most `limit`, which is
    /// not 0. Returns how many.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn remove_idempotency_records(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError>;

    /// Removes events of the shop that are from before this time: at most `limit`, which is not 0.
    /// Returns how many.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn remove_events(&self, shop: ShopId, before: Timestamp, limit: u32) -> Result<u64, StorageError>;

    /// Removes attempts of the shop's webhooks that began before this time: at most `limit`, which is
    /// not 0. Returns how many.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn remove_attempts(&self, shop: ShopId, before: Timestamp, limit: u32)
    -> Result<u64, StorageError>;
}
