//! The obligations WEBHOOK are in the documentation of [`WebhookStore`].

use async_trait::async_trait;
use hexdesk_domain::ports::{
    CreateWebhookOutcome, DeleteWebhookOutcome, UpdateWebhookOutcome, WebhookUpdate,
};
use hexdesk_domain::{
    AuditStamp, DeferredClaim, IdempotentOutcome, NewWebhook, ShopId, StorageError, Webhook, WebhookId,
    WebhookStore,
};

use crate::{SkeletonStorage, not_implemented};

#[async_trait]
impl WebhookStore for SkeletonStorage {
    async fn create_webhook(
        &self,
        shop: ShopId,
        webhook: NewWebhook,
        stamp: AuditStamp,
        claim: Option<DeferredClaim<CreateWebhookOutcome>>,
    ) -> Result<IdempotentOutcome<CreateWebhookOutcome>, StorageError> {
        not_implemented("create_webhook")
    }

    async fn find_webhook(&self, shop: ShopId, id: WebhookId) -> Result<Option<Webhook>, StorageError> {
        not_implemented("find_webhook")
    }

    async fn list_webhooks(&self, shop: ShopId) -> Result<Vec<Webhook>, StorageError> {
        not_implemented("list_webhooks")
    }

    async fn update_webhook(
        &self,
        shop: ShopId,
        id: WebhookId,
        update: WebhookUpdate,
        claim: Option<DeferredClaim<UpdateWebhookOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateWebhookOutcome>, StorageError> {
        not_implemented("update_webhook")
    }

    async fn delete_webhook(
        &self,
        shop: ShopId,
        id: WebhookId,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> Result<DeleteWebhookOutcome, StorageError> {
        not_implemented("delete_webhook")
    }
}
