//! Saved replies.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::CreateSavedReplyOutcome;
use hexdesk_domain::{
    NewSavedReply, SavedReply, SavedReplyId, SavedReplyStore, ShopId, StorageError, Timestamp,
};

use super::SqliteStorage;
use crate::sql::saved_replies::SavedReplyRow;
use crate::sql::schema::saved_replies;
use crate::sql::types::StoredTimestamp;

#[async_trait]
impl SavedReplyStore for SqliteStorage {
    async fn create_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
        reply: NewSavedReply,
        now: Timestamp,
    ) -> Result<CreateSavedReplyOutcome, StorageError> {
        self.write("create_saved_reply", move |connection| create(connection, shop, id, reply, now)).await
    }

    async fn find_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
    ) -> Result<Option<SavedReply>, StorageError> {
        self.read("find_saved_reply", move |connection| find(connection, shop, id)).await
    }

    async fn list_saved_replies(&self, shop: ShopId) -> Result<Vec<SavedReply>, StorageError> {
        self.read("list_saved_replies", move |connection| list(connection, shop)).await
    }

    async fn update_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
        reply: NewSavedReply,
        now: Timestamp,
    ) -> Result<Option<SavedReply>, StorageError> {
        self.write("update_saved_reply", move |connection| update(connection, shop, id, &reply, now)).await
    }

    async fn delete_saved_reply(&self, shop: ShopId, id: SavedReplyId) -> Result<bool, StorageError> {
        self.write("delete_saved_reply", move |connection| delete(connection, shop, id)).await
    }
}

fn create(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: SavedReplyId,
    reply: NewSavedReply,
    now: Timestamp,
) -> anyhow::Result<CreateSavedReplyOutcome> {
    if let Some(existing) = find(connection, shop, id)? {
        return Ok(CreateSavedReplyOutcome::Exists(existing));
    }
    let of_shop = saved_replies::table.filter(saved_replies::shop_id.eq(shop.get()));
    let present: i64 = of_shop.count().get_result(connection)?;
    if usize::try_from(present).is_ok_and(|present| present >= SavedReply::MAX_OF_SHOP) {
        return Ok(CreateSavedReplyOutcome::TooMany);
    }
    let reply = reply.into_reply(shop, id, now);
    diesel::insert_into(saved_replies::table)
        .values(SavedReplyRow::from(reply.clone()))
        .execute(connection)?;
    Ok(CreateSavedReplyOutcome::Created(reply))
}

fn find(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: SavedReplyId,
) -> anyhow::Result<Option<SavedReply>> {
    let row: Option<SavedReplyRow> = saved_replies::table
        .find((shop.get(), id.get()))
        .select(SavedReplyRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}

fn list(connection: &mut SqliteConnection, shop: ShopId) -> anyhow::Result<Vec<SavedReply>> {
    let rows: Vec<SavedReplyRow> = saved_replies::table
        .filter(saved_replies::shop_id.eq(shop.get()))
        .order(saved_replies::id)
        .select(SavedReplyRow::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?)
}

fn update(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: SavedReplyId,
    reply: &NewSavedReply,
    now: Timestamp,
) -> anyhow::Result<Option<SavedReply>> {
    diesel::update(saved_replies::table.find((shop.get(), id.get())))
        .set((
            saved_replies::title.eq(&reply.title),
            saved_replies::text.eq(&reply.text),
            saved_replies::changed_at.eq(StoredTimestamp(now)),
        ))
        .execute(connection)?;
    find(connection, shop, id)
}

fn delete(connection: &mut SqliteConnection, shop: ShopId, id: SavedReplyId) -> anyhow::Result<bool> {
    let reply = saved_replies::table.find((shop.get(), id.get()));
    Ok(diesel::delete(reply).execute(connection)? > 0)
}
