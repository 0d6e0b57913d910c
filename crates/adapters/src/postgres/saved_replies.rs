//! Saved replies.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::CreateSavedReplyOutcome;
use hexdesk_domain::{
    NewSavedReply, SavedReply, SavedReplyId, SavedReplyStore, ShopId, StorageError, Timestamp,
};

use super::PostgresStorage;
use super::errors::{Effect, Failure};
use super::shops::lock_numbering;
use crate::sql::saved_replies::SavedReplyRow;
use crate::sql::schema::saved_replies;
use crate::sql::types::StoredTimestamp;

#[async_trait]
impl SavedReplyStore for PostgresStorage {
    async fn create_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
        reply: NewSavedReply,
        now: Timestamp,
    ) -> Result<CreateSavedReplyOutcome, StorageError> {
        self.connections
            .run("create_saved_reply", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async move |connection| create(connection, shop, id, reply, now).await)
                    .await
            })
            .await
    }

    async fn find_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
    ) -> Result<Option<SavedReply>, StorageError> {
        self.connections
            .run("find_saved_reply", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                find(connection, shop, id).await
            })
            .await
    }

    async fn list_saved_replies(&self, shop: ShopId) -> Result<Vec<SavedReply>, StorageError> {
        self.connections
            .run("list_saved_replies", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                list(connection, shop).await
            })
            .await
    }

    async fn update_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
        reply: NewSavedReply,
        now: Timestamp,
    ) -> Result<Option<SavedReply>, StorageError> {
        self.connections
            .run("update_saved_reply", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| update(connection, shop, id, &reply, now).await)
                    .await
            })
            .await
    }

    async fn delete_saved_reply(&self, shop: ShopId, id: SavedReplyId) -> Result<bool, StorageError> {
        self.connections
            .run("delete_saved_reply", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection.transaction(async |connection| delete(connection, shop, id).await).await
            })
            .await
    }
}

async fn create(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: SavedReplyId,
    reply: NewSavedReply,
    now: Timestamp,
) -> Result<CreateSavedReplyOutcome, Failure> {
    // Creations of a shop wait for each other here, so that the count stays true.
    lock_numbering(connection, shop).await?;
    if let Some(existing) = find(connection, shop, id).await? {
        return Ok(CreateSavedReplyOutcome::Exists(existing));
    }
    let of_shop = saved_replies::table.filter(saved_replies::shop_id.eq(shop.get()));
    let present: i64 = of_shop.count().get_result(connection).await?;
    if usize::try_from(present).is_ok_and(|present| present >= SavedReply::MAX_OF_SHOP) {
        return Ok(CreateSavedReplyOutcome::TooMany);
    }
    let reply = reply.into_reply(shop, id, now);
    diesel::insert_into(saved_replies::table)
        .values(SavedReplyRow::from(reply.clone()))
        .execute(connection)
        .await?;
    Ok(CreateSavedReplyOutcome::Created(reply))
}

async fn find(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: SavedReplyId,
) -> Result<Option<SavedReply>, Failure> {
    let row: Option<SavedReplyRow> = saved_replies::table
        .find((shop.get(), id.get()))
        .select(SavedReplyRow::as_select())
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}

async fn list(connection: &mut AsyncPgConnection, shop: ShopId) -> Result<Vec<SavedReply>, Failure> {
    let rows: Vec<SavedReplyRow> = saved_replies::table
        .filter(saved_replies::shop_id.eq(shop.get()))
        .order(saved_replies::id)
        .select(SavedReplyRow::as_select())
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?)
}

async fn update(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: SavedReplyId,
    reply: &NewSavedReply,
    now: Timestamp,
) -> Result<Option<SavedReply>, Failure> {
    diesel::update(saved_replies::table.find((shop.get(), id.get())))
        .set((
            saved_replies::title.eq(&reply.title),
            saved_replies::text.eq(&reply.text),
            saved_replies::changed_at.eq(StoredTimestamp(now)),
        ))
        .execute(connection)
        .await?;
    find(connection, shop, id).await
}

async fn delete(connection: &mut AsyncPgConnection, shop: ShopId, id: SavedReplyId) -> Result<bool, Failure> {
    let reply = saved_replies::table.find((shop.get(), id.get()));
    Ok(diesel::delete(reply).execute(connection).await? > 0)
}
