//! Webhooks. Every command on a webhook locks its row first, so they take effect one after another.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{
    CreateWebhookOutcome, DeleteWebhookOutcome, UpdateWebhookOutcome, WebhookUpdate,
};
use hexdesk_domain::{
    AuditStamp, DeferredClaim, EventKind, EventPosition, IdempotentOutcome, NewWebhook, ShopId, Snapshot,
    StorageError, Webhook, WebhookId, WebhookStore,
};

use super::PostgresStorage;
use super::counters::count_change;
use super::errors::{Effect, Failure};
use super::events::append::{append, append_one, insert_events};
use super::idempotency::attempt;
use super::shops::lock_numbering;
use crate::sql::events::NewEventRow;
use crate::sql::schema::{webhook_attempts, webhook_deliveries, webhooks};
use crate::sql::webhooks::{WebhookRow, stored_webhook, webhook_columns, webhook_row};

#[async_trait]
impl WebhookStore for PostgresStorage {
    async fn create_webhook(
        &self,
        shop: ShopId,
        webhook: NewWebhook,
        stamp: AuditStamp,
        claim: Option<DeferredClaim<CreateWebhookOutcome>>,
    ) -> Result<IdempotentOutcome<CreateWebhookOutcome>, StorageError> {
        self.connections
            .run("create_webhook", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                attempt(connection, shop, claim.as_ref(), async move |connection| {
                    create(connection, shop, webhook, stamp).await
                })
                .await
            })
            .await
    }

    async fn find_webhook(&self, shop: ShopId, id: WebhookId) -> Result<Option<Webhook>, StorageError> {
        self.connections
            .run("find_webhook", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let row: Option<WebhookRow> = webhooks::table
                    .find((shop.get(), id.get()))
                    .select(webhook_columns())
                    .get_result(connection)
                    .await
                    .optional()?;
                Ok(row.map(stored_webhook).transpose()?)
            })
            .await
    }

    async fn list_webhooks(&self, shop: ShopId) -> Result<Vec<Webhook>, StorageError> {
        self.connections
            .run("list_webhooks", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let rows: Vec<WebhookRow> = webhooks::table
                    .filter(webhooks::shop_id.eq(shop.get()))
                    .order(webhooks::id)
                    .select(webhook_columns())
                    .load(connection)
                    .await?;
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
        self.connections
            .run("update_webhook", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                attempt(connection, shop, claim.as_ref(), async move |connection| {
                    update(connection, shop, id, changes).await
                })
                .await
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
        self.connections
            .run("delete_webhook", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| {
                        delete(connection, shop, id, expected_version, stamp).await
                    })
                    .await
            })
            .await
    }
}

async fn create(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    new: NewWebhook,
    stamp: AuditStamp,
) -> Result<CreateWebhookOutcome, Failure> {
    // Creations of a shop wait for each other here, so that the count stays true.
    lock_numbering(connection, shop).await?;
    let present: i64 =
        webhooks::table.filter(webhooks::shop_id.eq(shop.get())).count().get_result(connection).await?;
    if usize::try_from(present).is_ok_and(|present| present >= Webhook::MAX_OF_SHOP) {
        return Ok(CreateWebhookOutcome::TooMany);
    }
    let change = count_change(connection, shop, 0).await?.changes;
    let webhook = new.into_webhook(shop, stamp.time, EventPosition { change, part: 1 });
    diesel::insert_into(webhooks::table).values(webhook_row(&webhook)).execute(connection).await?;
    let event = NewEventRow::new(shop, EventKind::WebhookCreated, Snapshot::from(&webhook), stamp)?;
    insert_events(connection, change, vec![event]).await?;
    Ok(CreateWebhookOutcome::Created(Box::new(webhook)))
}

async fn update(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: WebhookId,
    update: WebhookUpdate,
) -> Result<UpdateWebhookOutcome, Failure> {
    let WebhookUpdate { changes, expected_version, stamp } = update;
    let Some(mut webhook) = lock(connection, shop, id).await? else {
        return Ok(UpdateWebhookOutcome::NotFound);
    };
    if expected_version.is_some_and(|expected| expected != webhook.version) {
        return Ok(UpdateWebhookOutcome::VersionMismatch);
    }
    if let Some(kind) = webhook.change(changes, stamp.time) {
        save(connection, &webhook).await?;
        append_one(connection, shop, kind, Snapshot::from(&webhook), stamp).await?;
    }
    Ok(UpdateWebhookOutcome::Updated(Box::new(webhook)))
}

async fn delete(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: WebhookId,
    expected_version: Option<i64>,
    stamp: AuditStamp,
) -> Result<DeleteWebhookOutcome, Failure> {
    let Some(webhook) = lock(connection, shop, id).await? else { return Ok(DeleteWebhookOutcome::NotFound) };
    if expected_version.is_some_and(|expected| expected != webhook.version) {
        return Ok(DeleteWebhookOutcome::VersionMismatch);
    }
    diesel::delete(webhook_attempts::table)
        .filter(webhook_attempts::shop_id.eq(shop.get()).and(webhook_attempts::webhook_id.eq(id.get())))
        .execute(connection)
        .await?;
    diesel::delete(webhook_deliveries::table)
        .filter(webhook_deliveries::shop_id.eq(shop.get()).and(webhook_deliveries::webhook_id.eq(id.get())))
        .execute(connection)
        .await?;
    diesel::delete(webhooks::table.find((shop.get(), id.get()))).execute(connection).await?;
    append(connection, [NewEventRow::of_deleted(shop, EventKind::WebhookDeleted, id.get(), stamp.into())])
        .await?;
    Ok(DeleteWebhookOutcome::Deleted)
}

/// Locks a webhook until the transaction ends.
pub(super) async fn lock(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: WebhookId,
) -> Result<Option<Webhook>, Failure> {
    let row: Option<WebhookRow> = webhooks::table
        .find((shop.get(), id.get()))
        .select(webhook_columns())
        .for_update()
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.map(stored_webhook).transpose()?)
}

/// Writes a changed webhook, which the transaction has locked.
pub(super) async fn save(connection: &mut AsyncPgConnection, webhook: &Webhook) -> QueryResult<()> {
    diesel::update(webhooks::table.find((webhook.shop_id.get(), webhook.id.get())))
        .set(webhook_row(webhook))
        .execute(connection)
        .await?;
    Ok(())
}
