use async_trait::async_trait;

use crate::{NewSavedReply, SavedReply, SavedReplyId, ShopId, StorageError, Timestamp};

/// Outcome of creating a saved reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateSavedReplyOutcome {
    /// The reply was added.
    Created(SavedReply),
    /// The shop has a reply with this id. Nothing changed.
    Exists(SavedReply),
    /// The shop has [`SavedReply::MAX_OF_SHOP`] replies. Nothing was added.
    TooMany,
}

/// Stores the texts that the agents of a shop insert into replies. Callers pass only shops that exist.
/// The event log has no events of them.
///
/// - **REPLY-1** A created reply is found and listed with every value as given. It is changed when
///   it is created.
/// - **REPLY-2** The list holds the shop's replies and no others, in order of id, smallest first.
///   A reply of another shop is neither found, changed nor deleted.
/// - **REPLY-3** If a reply of the shop has the id of a creation, the creation returns `Exists` with
///   that reply and changes nothing, even if creations race. So a form that is sent twice adds one reply.
/// - **REPLY-4** If the shop has [`SavedReply::MAX_OF_SHOP`] replies, a creation returns `TooMany`
///   and adds nothing, even if creations race. Deleting one makes room for another. Other shops do not
///   count.
/// - **REPLY-5** An update sets title, text and the time of the change, and returns the reply. If
///   the shop has no such reply, it returns `None` and changes nothing.
/// - **REPLY-6** A deletion removes the reply and nothing else. It returns whether the shop had it. If
///   deletions race, exactly one returns `true`. No update brings the reply back.
#[async_trait]
pub trait SavedReplyStore: Send + Sync {
    /// Adds a saved reply.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn create_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
        reply: NewSavedReply,
        now: Timestamp,
    ) -> Result<CreateSavedReplyOutcome, StorageError>;

    /// Returns the shop's saved reply with this id.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
    ) -> Result<Option<SavedReply>, StorageError>;

    /// Returns all saved replies of the shop.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_saved_replies(&self, shop: ShopId) -> Result<Vec<SavedReply>, StorageError>;

    /// Changes the shop's saved reply.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn update_saved_reply(
        &self,
        shop: ShopId,
        id: SavedReplyId,
        reply: NewSavedReply,
        now: Timestamp,
    ) -> Result<Option<SavedReply>, StorageError>;

    /// Deletes the shop's saved reply.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn delete_saved_reply(&self, shop: ShopId, id: SavedReplyId) -> Result<bool, StorageError>;
}
