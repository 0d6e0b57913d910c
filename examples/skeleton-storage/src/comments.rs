//! The obligations COMMENT are in the documentation of [`CommentStore`].

use async_trait::async_trait;
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome};
use hexdesk_domain::{
    CommentPosition, CommentStore, CommentView, IdempotentOutcome, Page, PageSize, ShopId, StorageError,
    TicketId,
};

use crate::{SkeletonStorage, not_implemented};

#[async_trait]
impl CommentStore for SkeletonStorage {
    async fn create_comments(
        &self,
        batch: Vec<CommentCreation>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        not_implemented("create_comments")
    }

    async fn list_comments(
        &self,
        shop: ShopId,
        ticket: TicketId,
        after: Option<CommentPosition>,
        size: PageSize,
    ) -> Result<Option<Page<CommentView, CommentPosition>>, StorageError> {
        not_implemented("list_comments")
    }

    async fn count_comments(&self, shop: ShopId, ticket: TicketId) -> Result<Option<u64>, StorageError> {
        not_implemented("count_comments")
    }
}
