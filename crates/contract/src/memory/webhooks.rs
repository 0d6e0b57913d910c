use async_trait::async_trait;
use hexdesk_domain::ports::{
    CreateWebhookOutcome, DeleteWebhookOutcome, UpdateWebhookOutcome, WebhookUpdate,
};
use hexdesk_domain::{
    AuditStamp, DeferredClaim, EventKind, EventPosition, IdempotentOutcome, NewWebhook, ShopId, StorageError,
    Subject, Webhook, WebhookId, WebhookStore,
};

use super::{MemoryStorage, State, unexpected};

impl State {
    pub(crate) fn webhooks_of(&self, shop: ShopId) -> impl Iterator<Item = &Webhook> {
        self.webhooks.values().filter(move |webhook| webhook.shop_id == shop)
    }

    pub(crate) fn create_webhook(
        &mut self,
        shop: ShopId,
        new: NewWebhook,
        stamp: AuditStamp,
    ) -> Result<CreateWebhookOutcome, StorageError> {
        if self.webhooks_of(shop).count() >= Webhook::MAX_OF_SHOP {
            return Ok(CreateWebhookOutcome::TooMany);
        }
        let id = new.id;
        if self.webhooks.contains_key(&(shop, id)) {
            return Err(unexpected("create_webhook", "the id is taken"));
        }
        let change = self.changes.get(&shop).copied().unwrap_or_default() + 1;
        let webhook = new.into_webhook(shop, stamp.time, EventPosition { change, part: 0 });
        self.webhooks.insert((shop, id), webhook.clone());
        self.append_events(shop, stamp, [(EventKind::WebhookCreated, Subject::Webhook(id))]);
        Ok(CreateWebhookOutcome::Created(Box::new(webhook)))
    }

    pub(crate) fn update_webhook(
        &mut self,
        shop: ShopId,
        id: WebhookId,
        update: WebhookUpdate,
    ) -> UpdateWebhookOutcome {
        let WebhookUpdate { changes, expected_version, stamp } = update;
        let Some(webhook) = self.webhooks.get_mut(&(shop, id)) else { return UpdateWebhookOutcome::NotFound };
        if expected_version.is_some_and(|expected| expected != webhook.version) {
            return UpdateWebhookOutcome::VersionMismatch;
        }
        let changed = webhook.change(changes, stamp.time);
        let updated = Box::new(webhook.clone());
        if let Some(kind) = changed {
            self.append_events(shop, stamp, [(kind, Subject::Webhook(id))]);
        }
        UpdateWebhookOutcome::Updated(updated)
    }

    pub(crate) fn delete_webhook(
        &mut self,
        shop: ShopId,
        id: WebhookId,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> DeleteWebhookOutcome {
        let Some(webhook) = self.webhooks.get(&(shop, id)) else { return DeleteWebhookOutcome::NotFound };
        if expected_version.is_some_and(|expected| expected != webhook.version) {
            return DeleteWebhookOutcome::VersionMismatch;
        }
        self.webhooks.remove(&(shop, id));
        self.deliveries.remove(&(shop, id));
        self.attempts.retain(|(of_shop, of_webhook, _), _| (*of_shop, *of_webhook) != (shop, id));
        self.append_events(shop, stamp, [(EventKind::WebhookDeleted, Subject::Webhook(id))]);
        DeleteWebhookOutcome::Deleted
    }
}

#[async_trait]
impl WebhookStore for MemoryStorage {
    async fn create_webhook(
        &self,
        shop: ShopId,
        webhook: NewWebhook,
        stamp: AuditStamp,
        claim: Option<DeferredClaim<CreateWebhookOutcome>>,
    ) -> Result<IdempotentOutcome<CreateWebhookOutcome>, StorageError> {
        self.state().attempt(shop, claim, |state| state.create_webhook(shop, webhook, stamp))
    }

    async fn find_webhook(&self, shop: ShopId, id: WebhookId) -> Result<Option<Webhook>, StorageError> {
        Ok(self.state().webhooks.get(&(shop, id)).cloned())
    }

    async fn list_webhooks(&self, shop: ShopId) -> Result<Vec<Webhook>, StorageError> {
        Ok(self.state().webhooks_of(shop).cloned().collect())
    }

    async fn update_webhook(
        &self,
        shop: ShopId,
        id: WebhookId,
        update: WebhookUpdate,
        claim: Option<DeferredClaim<UpdateWebhookOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateWebhookOutcome>, StorageError> {
        self.state().attempt(shop, claim, |state| Ok(state.update_webhook(shop, id, update)))
    }

    async fn delete_webhook(
        &self,
        shop: ShopId,
        id: WebhookId,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> Result<DeleteWebhookOutcome, StorageError> {
        Ok(self.state().delete_webhook(shop, id, expected_version, stamp))
    }
}
