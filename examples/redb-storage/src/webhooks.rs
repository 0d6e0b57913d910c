use anyhow::ensure;
use async_trait::async_trait;
use hexdesk_domain::ports::{
    CreateWebhookOutcome, DeleteWebhookOutcome, UpdateWebhookOutcome, WebhookUpdate,
};
use hexdesk_domain::{
    AuditStamp, DeferredClaim, EventKind, IdempotentOutcome, NewEvent, NewWebhook, ShopId, StorageError,
    Webhook, WebhookId, WebhookStore,
};
use redb::{ReadableTable, WriteTransaction};

use crate::encoding::{decode, find, put};
use crate::events::EventLog;
use crate::tables::{IDEMPOTENCY_RECORDS, Json, NumberInShop, WEBHOOKS, all_of};
use crate::{RedbStorage, deliveries, idempotency};

#[async_trait]
impl WebhookStore for RedbStorage {
    async fn create_webhook(
        &self,
        shop: ShopId,
        webhook: NewWebhook,
        stamp: AuditStamp,
        claim: Option<DeferredClaim<CreateWebhookOutcome>>,
    ) -> Result<IdempotentOutcome<CreateWebhookOutcome>, StorageError> {
        self.write("create_webhook", move |transaction| {
            let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
            idempotency::run(&mut records, shop, claim, || create(transaction, shop, webhook, stamp))
        })
        .await
    }

    async fn find_webhook(&self, shop: ShopId, id: WebhookId) -> Result<Option<Webhook>, StorageError> {
        self.read("find_webhook", move |transaction| find(&transaction.open_table(WEBHOOKS)?, shop, id.get()))
            .await
    }

    async fn list_webhooks(&self, shop: ShopId) -> Result<Vec<Webhook>, StorageError> {
        self.read("list_webhooks", move |transaction| list(&transaction.open_table(WEBHOOKS)?, shop)).await
    }

    async fn update_webhook(
        &self,
        shop: ShopId,
        id: WebhookId,
        changes: WebhookUpdate,
        claim: Option<DeferredClaim<UpdateWebhookOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateWebhookOutcome>, StorageError> {
        self.write("update_webhook", move |transaction| {
            let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
            idempotency::run(&mut records, shop, claim, || update(transaction, shop, id, changes))
        })
        .await
    }

    async fn delete_webhook(
        &self,
        shop: ShopId,
        id: WebhookId,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> Result<DeleteWebhookOutcome, StorageError> {
        self.write("delete_webhook", move |transaction| {
            delete(transaction, shop, id, expected_version, stamp)
        })
        .await
    }
}

fn list(webhooks: &impl ReadableTable<NumberInShop, Json>, shop: ShopId) -> anyhow::Result<Vec<Webhook>> {
    webhooks.range(all_of(shop))?.map(|entry| decode(entry?.1.value())).collect()
}

fn create(
    transaction: &WriteTransaction,
    shop: ShopId,
    new: NewWebhook,
    stamp: AuditStamp,
) -> anyhow::Result<CreateWebhookOutcome> {
    let mut webhooks = transaction.open_table(WEBHOOKS)?;
    let present = list(&webhooks, shop)?;
    if present.len() >= Webhook::MAX_OF_SHOP {
        return Ok(CreateWebhookOutcome::TooMany);
    }
    ensure!(present.iter().all(|webhook| webhook.id != new.id), "the id of the webhook is taken");
    let mut log = EventLog::open(transaction)?;
    let webhook = new.into_webhook(shop, stamp.time, log.next_position(shop)?);
    put(&mut webhooks, shop, webhook.id.get(), &webhook)?;
    log.append(shop, stamp, [NewEvent::webhook_created(&webhook)])?;
    Ok(CreateWebhookOutcome::Created(Box::new(webhook)))
}

fn update(
    transaction: &WriteTransaction,
    shop: ShopId,
    id: WebhookId,
    update: WebhookUpdate,
) -> anyhow::Result<UpdateWebhookOutcome> {
    let WebhookUpdate { changes, expected_version, stamp } = update;
    let mut webhooks = transaction.open_table(WEBHOOKS)?;
    let Some(mut webhook) = find::<Webhook>(&webhooks, shop, id.get())? else {
        return Ok(UpdateWebhookOutcome::NotFound);
    };
    if expected_version.is_some_and(|expected| expected != webhook.version) {
        return Ok(UpdateWebhookOutcome::VersionMismatch);
    }
    if let Some(kind) = webhook.change(changes, stamp.time) {
        put(&mut webhooks, shop, id.get(), &webhook)?;
        let event = match kind {
            EventKind::WebhookDisabled => NewEvent::webhook_disabled(&webhook),
            _ => NewEvent::webhook_updated(&webhook),
        };
        EventLog::open(transaction)?.append(shop, stamp, [event])?;
    }
    Ok(UpdateWebhookOutcome::Updated(Box::new(webhook)))
}

fn delete(
    transaction: &WriteTransaction,
    shop: ShopId,
    id: WebhookId,
    expected_version: Option<i64>,
    stamp: AuditStamp,
) -> anyhow::Result<DeleteWebhookOutcome> {
    let mut webhooks = transaction.open_table(WEBHOOKS)?;
    let Some(webhook) = find::<Webhook>(&webhooks, shop, id.get())? else {
        return Ok(DeleteWebhookOutcome::NotFound);
    };
    if expected_version.is_some_and(|expected| expected != webhook.version) {
        return Ok(DeleteWebhookOutcome::VersionMismatch);
    }
    webhooks.remove((shop.get(), id.get()))?;
    deliveries::remove_all_of(transaction, shop, id)?;
    EventLog::open(transaction)?.append(shop, stamp, [NewEvent::webhook_deleted(id)])?;
    Ok(DeleteWebhookOutcome::Deleted)
}
