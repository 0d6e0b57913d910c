use async_trait::async_trait;
use hexdesk_domain::ports::CreateSavedReplyOutcome;
use hexdesk_domain::{
    NewSavedReply, SavedReply, SavedReplyId, SavedReplyStore, ShopId, StorageError, Timestamp,
};
use redb::ReadableTable;

use crate::RedbStorage;
use crate::encoding::{decode, find, put};
use crate::tables::{SAVED_REPLIES, all_of};

#[async_trait]
impl SavedReplyStore for RedbStorage {
    async fn create_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
        reply: NewSavedReply,
        now: Timestamp,
    ) -> Result<CreateSavedReplyOutcome, StorageError> {
        self.write("create_saved_reply", move |transaction| {
            let mut replies = transaction.open_table(SAVED_REPLIES)?;
            if let Some(existing) = find(&replies, shop, id.get())? {
                return Ok(CreateSavedReplyOutcome::Exists(existing));
            }
            if replies.range(all_of(shop))?.count() >= SavedReply::MAX_OF_SHOP {
                return Ok(CreateSavedReplyOutcome::TooMany);
            }
            let reply = reply.into_reply(shop, id, now);
            put(&mut replies, shop, id.get(), &reply)?;
            Ok(CreateSavedReplyOutcome::Created(reply))
        })
        .await
    }

    async fn find_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
    ) -> Result<Option<SavedReply>, StorageError> {
        self.read("find_saved_reply", move |transaction| {
            find(&transaction.open_table(SAVED_REPLIES)?, shop, id.get())
        })
        .await
    }

    async fn list_saved_replies(&self, shop: ShopId) -> Result<Vec<SavedReply>, StorageError> {
        self.read("list_saved_replies", move |transaction| {
            let replies = transaction.open_table(SAVED_REPLIES)?;
            replies.range(all_of(shop))?.map(|entry| decode(entry?.1.value())).collect()
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
        self.write("update_saved_reply", move |transaction| {
            let mut replies = transaction.open_table(SAVED_REPLIES)?;
            let Some(present) = find::<SavedReply>(&replies, shop, id.get())? else { return Ok(None) };
            let NewSavedReply { title, text } = reply;
            let changed = SavedReply { title, text, changed_at: now, ..present };
            put(&mut replies, shop, id.get(), &changed)?;
            Ok(Some(changed))
        })
        .await
    }

    async fn delete_saved_reply(&self, shop: ShopId, id: SavedReplyId) -> Result<bool, StorageError> {
        self.write("delete_saved_reply", move |transaction| {
            Ok(transaction.open_table(SAVED_REPLIES)?.remove((shop.get(), id.get()))?.is_some())
        })
        .await
    }
}
