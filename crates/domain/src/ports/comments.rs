use async_trait::async_trait;

use crate::{
    AuditStamp, CommentPosition, CommentView, DeferredClaim, IdempotentOutcome, NewComment, Page, ShopId,
    StorageError, TicketId,
};

/// One comment to create.
#[derive(Debug, Clone)]
pub struct CommentCreation {
    /// The comment, checked.
    pub comment: NewComment,
    /// Who creates it, and when.
    pub stamp: AuditStamp,
    /// How to have it take effect once, if the caller wishes so.
    pub once: Option<DeferredClaim<CreateCommentOutcome>>,
}

/// What became of one comment of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateCommentOutcome {
    /// It is stored, and on disk.
    Created(Box<CommentView>),
    /// The shop has no such ticket. Nothing was written.
    TicketNotFound,
    /// The shop has no such user as the author. Nothing was written.
    AuthorNotFound,
}

/// Keeps the comments of tickets. A batch may hold items of several tickets and shops. The items
/// are created one after the other, each as a whole, with what it does to its ticket and its
/// idempotency record, or not at all.
///
/// - **COMMENT-1** A created comment is answered, and listed, with every field as it was
///   handed in, the ticket's channel where none was, the ticket's customer, and its author.
/// - **COMMENT-2** A batch answers one attempt for each item, in the order of the items; a
///   refused item fails alone.
/// - **COMMENT-3** An item whose ticket is not its shop's answers `TicketNotFound`, and one
///   whose author is not a user of its shop `AuthorNotFound`; neither leaves anything.
/// - **COMMENT-4** In the same transaction the ticket's `last_message` and
///   `last_message_time` become the comment's text and time, unless the comment is older
///   than the ticket's `last_message_time`.
/// - **COMMENT-5** A comment that is not from the shop sets the ticket's `unread_count` to 1,
///   however old it is; one from the shop leaves it.
/// - **COMMENT-6** Every comment raises the ticket's `version`, and changes nothing else of
///   it than COMMENT-4 and COMMENT-5 say; a refused or replayed one changes nothing.
/// - **COMMENT-7** A ticket's comments are listed by time, earliest first, and by id,
///   smallest first, where that is the same; none of another ticket is among them.
/// - **COMMENT-8** A list with a limit is cut there; following `next` answers every comment
///   once; without a limit it is complete.
/// - **COMMENT-9** The list and the count of a ticket that is not the shop's are `None`.
/// - **COMMENT-10** With a [`DeferredClaim`] the obligations of [`IdempotentOutcome`] hold.
/// - **COMMENT-11** Comments on one ticket that are created at the same time are all
///   stored, the version counts each, and `last_message` is the text of a latest of them.
///
/// If ticket and author are both missing, the outcome is `TicketNotFound`. An id that a
/// comment of the shop has already makes the call fail, as TICKET-10 says of tickets;
/// no case tests it, because ids are made to be unique. Attachments are text to a
/// store: two JSON texts of the same meaning are two texts.
#[async_trait]
pub trait CommentStore: Send + Sync {
    /// Creates the comments of a batch, one after the other. Each takes effect as a whole,
    /// with what it does to its ticket and its idempotency record, or not at all.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails. Unless its kind is
    /// [`OutcomeUnknown`](crate::StorageErrorKind::OutcomeUnknown), nothing of the batch
    /// was written.
    async fn create_comments(
        &self,
        batch: Vec<CommentCreation>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError>;

    /// The comments of the shop's ticket after this place: at most `limit`, or all; `None`
    /// if the shop has no such ticket.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_comments(
        &self,
        shop: ShopId,
        ticket: TicketId,
        after: Option<CommentPosition>,
        limit: Option<u32>,
    ) -> Result<Option<Page<CommentView, CommentPosition>>, StorageError>;

    /// How many comments the shop's ticket has; `None` if the shop has no such ticket.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn count_comments(&self, shop: ShopId, ticket: TicketId) -> Result<Option<u64>, StorageError>;
}
