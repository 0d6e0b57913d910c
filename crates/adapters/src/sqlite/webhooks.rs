use anyhow::ensure;
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::{
    CreateWebhookOutcome, DeleteWebhookOutcome, UpdateWebhookOutcome, WebhookUpdate,
};
use hexdesk_domain::{
    AuditStamp, DeferredClaim, EventKind, IdempotentOutcome, NewWebhook, ShopId, Snapshot, StorageError,
    Webhook, WebhookId, WebhookStore,
};

use super::SqliteStorage;
use super::events::append::EventLog;
use super::idempotency::attempt;
use crate::sql::schema::{webhook_attempts, webhook_deliveries, webhooks};
use crate::sql::webhooks::{WebhookRow, stored_webhook, webhook_columns, webhook_row};

#[async_trait]
impl WebhookStore for SqliteStorage {
    async fn create_webhook(
        &self,
        shop: ShopId,
        webhook: NewWebhook,
        stamp: AuditStamp,
        claim: Option<DeferredClaim<CreateWebhookOutcome>>,
    ) -> Result<IdempotentOutcome<CreateWebhookOutcome>, StorageError> {
        self.write("create_webhook", move |connection| {
            attempt(connection, shop, claim.as_ref(), |connection| create(connection, shop, webhook, stamp))
        })
        .await
    }

    async fn find_webhook(&self, shop: ShopId, id: WebhookId) -> Result<Option<Webhook>, StorageError> {
        self.read("find_webhook", move |connection| find(connection, shop, id)).await
    }

    async fn list_webhooks(&self, shop: ShopId) -> Result<Vec<Webhook>, StorageError> {
        self.read("list_webhooks", move |connection| {
            let rows: Vec<WebhookRow> = webhooks::table
                .filter(webhooks::shop_id.eq(shop.get()))
                .order(webhooks::id)
                .select(webhook_columns())
                .load(connection)?;
            Ok(rows.into_iter().map(stored_webhook).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn update_webhook(
        &self,
        shop: ShopId,
        id: WebhookId,
        changes: WebhookUpdate,
        claim: Option<DeferredClaim<UpdateWebhookOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateWebhookOutcome>, StorageError> {
        self.write("update_webhook", move |connection| {
            attempt(connection, shop, claim.as_ref(), |connection| update(connection, shop, id, changes))
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
        self.write("delete_webhook", move |connection| delete(connection, shop, id, expected_version, stamp))
            .await
    }
}

fn create(
    connection: &mut SqliteConnection,
    shop: ShopId,
    new: NewWebhook,
    stamp: AuditStamp,
) -> anyhow::Result<CreateWebhookOutcome> {
    let present: i64 =
        webhooks::table.filter(webhooks::shop_id.eq(shop.get())).count().get_result(connection)?;
    if usize::try_from(present)? >= Webhook::MAX_OF_SHOP {
        return Ok(CreateWebhookOutcome::TooMany);
    }
    ensure!(find(connection, shop, new.id)?.is_none(), "the id of the webhook is taken");
    let mut log = EventLog::default();
    let place = log.next_position(connection, shop)?;
    let webhook = new.into_webhook(shop, stamp.time, place);
    diesel::insert_into(webhooks::table).values(webhook_row(&webhook)).execute(connection)?;
    log.append(connection, shop, EventKind::WebhookCreated, Snapshot::from(&webhook), stamp)?;
    Ok(CreateWebhookOutcome::Created(Box::new(webhook)))
}

fn update(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: WebhookId,
    update: WebhookUpdate,
) -> anyhow::Result<UpdateWebhookOutcome> {
    let WebhookUpdate { changes, expected_version, stamp } = update;
    let Some(mut webhook) = find(connection, shop, id)? else { return Ok(UpdateWebhookOutcome::NotFound) };
    if expected_version.is_some_and(|expected| expected != webhook.version) {
        return Ok(UpdateWebhookOutcome::VersionMismatch);
    }
    if let Some(kind) = webhook.change(changes, stamp.time) {
        save(connection, &webhook)?;
        EventLog::default().append(connection, shop, kind, Snapshot::from(&webhook), stamp)?;
    }
    Ok(UpdateWebhookOutcome::Updated(Box::new(webhook)))
}

fn delete(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: WebhookId,
    expected_version: Option<i64>,
    stamp: AuditStamp,
) -> anyhow::Result<DeleteWebhookOutcome> {
    let Some(webhook) = find(connection, shop, id)? else { return Ok(DeleteWebhookOutcome::NotFound) };
    if expected_version.is_some_and(|expected| expected != webhook.version) {
        return Ok(DeleteWebhookOutcome::VersionMismatch);
    }
    diesel::delete(webhook_attempts::table)
        .filter(webhook_attempts::shop_id.eq(shop.get()).and(webhook_attempts::webhook_id.eq(id.get())))
        .execute(connection)?;
    diesel::delete(webhook_deliveries::table)
        .filter(webhook_deliveries::shop_id.eq(shop.get()).and(webhook_deliveries::webhook_id.eq(id.get())))
        .execute(connection)?;
    diesel::delete(webhooks::table.find((shop.get(), id.get()))).execute(connection)?;
    let kind = EventKind::WebhookDeleted;
    EventLog::default().append_gone(connection, shop, kind, id.get(), stamp.into())?;
    Ok(DeleteWebhookOutcome::Deleted)
}

pub(super) fn find(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: WebhookId,
) -> anyhow::Result<Option<Webhook>> {
    let row: Option<WebhookRow> = webhooks::table
        .find((shop.get(), id.get()))
        .select(webhook_columns())
        .get_result(connection)
        .optional()?;
    Ok(row.map(stored_webhook).transpose()?)
}

/// Writes a changed webhook.
pub(super) fn save(connection: &mut SqliteConnection, webhook: &Webhook) -> QueryResult<()> {
    diesel::update(webhooks::table.find((webhook.shop_id.get(), webhook.id.get())))
        .set(webhook_row(webhook))
        .execute(connection)?;
    Ok(())
}
