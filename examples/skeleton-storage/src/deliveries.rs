//! The obligations DELIVERY are in the documentation of [`DeliveryStore`].

use async_trait::async_trait;
use hexdesk_domain::ports::{ClaimedDeliveries, Replayed, SettleOutcome};
use hexdesk_domain::{
    Attempt, AuditStamp, DeliveryRange, DeliveryStore, NewAttempt, Page, PageSize, Settlement, ShopId,
    StorageError, Timestamp, WebhookId,
};

use crate::{SkeletonStorage, not_implemented};

#[async_trait]
impl DeliveryStore for SkeletonStorage {
    async fn list_due_webhooks(&self, now: Timestamp) -> Result<Vec<(ShopId, WebhookId)>, StorageError> {
        not_implemented("list_due_webhooks")
    }

    async fn plan_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<u32, StorageError> {
        not_implemented("plan_deliveries")
    }

    async fn claim_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Option<ClaimedDeliveries>, StorageError> {
        not_implemented("claim_deliveries")
    }

    async fn settle_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        settlements: Vec<Settlement>,
        stamp: AuditStamp,
    ) -> Result<Vec<SettleOutcome>, StorageError> {
        not_implemented("settle_deliveries")
    }

    async fn list_attempts(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        before: Option<i64>,
        size: PageSize,
    ) -> Result<Option<Page<Attempt, i64>>, StorageError> {
        not_implemented("list_attempts")
    }

    async fn count_events(
        &self,
        shop: ShopId,
        range: DeliveryRange,
        at_most: u64,
    ) -> Result<u64, StorageError> {
        not_implemented("count_events")
    }

    async fn replay_deliveries(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        range: DeliveryRange,
        now: Timestamp,
        limit: u32,
    ) -> Result<Option<Replayed>, StorageError> {
        not_implemented("replay_deliveries")
    }

    async fn note_test(
        &self,
        shop: ShopId,
        webhook: WebhookId,
        attempt: NewAttempt,
    ) -> Result<Option<Attempt>, StorageError> {
        not_implemented("note_test")
    }
}
