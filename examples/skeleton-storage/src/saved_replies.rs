//! The obligations REPLY are in the documentation of [`SavedReplyStore`].

use async_trait::async_trait;
use hexdesk_domain::ports::CreateSavedReplyOutcome;
use hexdesk_domain::{
    NewSavedReply, SavedReply, SavedReplyId, SavedReplyStore, ShopId, StorageError, Timestamp,
};

use crate::{SkeletonStorage, not_implemented};

#[async_trait]
impl SavedReplyStore for SkeletonStorage {
    async fn create_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
        reply: NewSavedReply,
        now: Timestamp,
    ) -> Result<CreateSavedReplyOutcome, StorageError> {
        not_implemented("create_saved_reply")
    }

    async fn find_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
    ) -> Result<Option<SavedReply>, StorageError> {
        not_implemented("find_saved_reply")
    }

    async fn list_saved_replies(&self, shop: ShopId) -> Result<Vec<SavedReply>, StorageError> {
        not_implemented("list_saved_replies")
    }

    async fn update_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
        reply: NewSavedReply,
        now: Timestamp,
    ) -> Result<Option<SavedReply>, StorageError> {
        not_implemented("update_saved_reply")
    }

    async fn delete_saved_reply(&self, shop: ShopId, id: SavedReplyId) -> Result<bool, StorageError> {
        not_implemented("delete_saved_reply")
    }
}
