use async_trait::async_trait;
use hexdesk_domain::ports::CreateSavedReplyOutcome;
use hexdesk_domain::{
    NewSavedReply, SavedReply, SavedReplyId, SavedReplyStore, ShopId, StorageError, Timestamp,
};

use super::{MemoryStorage, State};

impl State {
    pub(crate) fn saved_replies_of(&self, shop: ShopId) -> impl Iterator<Item = &SavedReply> {
        self.saved_replies.values().filter(move |reply| reply.shop_id == shop)
    }

    pub(crate) fn create_saved_reply(
        &mut self,
        shop: ShopId,
        id: SavedReplyId,
        new: NewSavedReply,
        now: Timestamp,
    ) -> CreateSavedReplyOutcome {
        if let Some(reply) = self.saved_replies.get(&(shop, id)) {
            return CreateSavedReplyOutcome::Exists(reply.clone());
        }
        if self.saved_replies_of(shop).count() >= SavedReply::MAX_OF_SHOP {
            return CreateSavedReplyOutcome::TooMany;
        }
        let reply = new.into_reply(shop, id, now);
        self.saved_replies.insert((shop, id), reply.clone());
        CreateSavedReplyOutcome::Created(reply)
    }

    pub(crate) fn update_saved_reply(
        &mut self,
        shop: ShopId,
        id: SavedReplyId,
        new: NewSavedReply,
        now: Timestamp,
    ) -> Option<SavedReply> {
        let reply = self.saved_replies.get_mut(&(shop, id))?;
        let NewSavedReply { title, text } = new;
        *reply = SavedReply { title, text, changed_at: now, ..reply.clone() };
        Some(reply.clone())
    }

    pub(crate) fn delete_saved_reply(&mut self, shop: ShopId, id: SavedReplyId) -> bool {
        self.saved_replies.remove(&(shop, id)).is_some()
    }
}

#[async_trait]
impl SavedReplyStore for MemoryStorage {
    async fn create_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
        reply: NewSavedReply,
        now: Timestamp,
    ) -> Result<CreateSavedReplyOutcome, StorageError> {
        Ok(self.state().create_saved_reply(shop, id, reply, now))
    }

    async fn find_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
    ) -> Result<Option<SavedReply>, StorageError> {
        Ok(self.state().saved_replies.get(&(shop, id)).cloned())
    }

    async fn list_saved_replies(&self, shop: ShopId) -> Result<Vec<SavedReply>, StorageError> {
        Ok(self.state().saved_replies_of(shop).cloned().collect())
    }

    async fn update_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
        reply: NewSavedReply,
        now: Timestamp,
    ) -> Result<Option<SavedReply>, StorageError> {
        Ok(self.state().update_saved_reply(shop, id, reply, now))
    }

    async fn delete_saved_reply(&self, shop: ShopId, id: SavedReplyId) -> Result<bool, StorageError> {
        Ok(self.state().delete_saved_reply(shop, id))
    }
}
