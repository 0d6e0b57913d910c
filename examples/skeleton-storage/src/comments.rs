//! The obligations COMMENT are in the documentation of [`CommentStore`].

use async_trait::async_trait;
use hexdesk_domain::ports::{
    CommentCreation, CommentUpdate, CreateCommentOutcome, DeleteCommentOutcome, UpdateCommentOutcome,
};
use hexdesk_domain::{
    AuditStamp, CommentId, CommentPosition, CommentStore, CommentView, DeferredClaim, IdempotentOutcome,
    Page, PageSize, ShopId, StorageError, TicketId,
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

    async fn update_comment(
        &self,
        _shop: ShopId,
        _ticket: TicketId,
        _id: CommentId,
        _update: CommentUpdate,
        _claim: Option<DeferredClaim<UpdateCommentOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateCommentOutcome>, StorageError> {
        not_implemented("update_comment")
    }

    async fn delete_comment(
        &self,
        _shop: ShopId,
        _ticket: TicketId,
        _id: CommentId,
        _expected_version: Option<i64>,
        _stamp: AuditStamp,
    ) -> Result<DeleteCommentOutcome, StorageError> {
        not_implemented("delete_comment")
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
