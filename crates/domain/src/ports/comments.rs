use async_trait::async_trait;

use crate::{
    AuditStamp, CommentChanges, CommentId, CommentPosition, CommentView, DeferredClaim, IdempotentOutcome,
    NewComment, Page, PageSize, ShopId, StorageError, TicketId,
};

/// One comment to create.
#[derive(Debug, Clone)]
pub struct CommentCreation {
    /// The comment. It keeps the rules.
    pub comment: NewComment,
    /// The version that the ticket must have. If absent, any version is accepted.
    pub expected_version: Option<i64>,
    /// The actor and the time of the creation.
    pub stamp: AuditStamp,
    /// The idempotency claim, if the comment must take effect only once.
    pub claim: Option<DeferredClaim<CreateCommentOutcome>>,
}

/// Outcome of one comment of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateCommentOutcome {
    /// The comment is on disk.
    Created(Box<CommentView>),
    /// The shop has no such ticket. Nothing was written.
    TicketNotFound,
    /// The ticket has another version than expected. Nothing was written.
    VersionMismatch,
    /// The author is not a user of the shop. Nothing was written.
    AuthorNotFound,
}

/// An update of a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentUpdate {
    /// The requested changes. They keep the rules.
    pub changes: CommentChanges,
    /// The version that the ticket must have. If absent, any version is accepted.
    pub expected_version: Option<i64>,
    /// The actor and the time of the update.
    pub stamp: AuditStamp,
}

/// Outcome of updating a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateCommentOutcome {
    /// The comment after the update.
    Updated(Box<CommentView>),
    /// The shop has no such ticket. Nothing was written.
    TicketNotFound,
    /// The ticket has another version than expected. Nothing was written.
    VersionMismatch,
    /// The ticket has no such comment. Nothing was written.
    CommentNotFound,
    /// The comment has no attachments and would have no text. Nothing was written.
    TextMissing,
}

/// Outcome of deleting a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteCommentOutcome {
    /// The comment was deleted.
    Deleted,
    /// The shop has no such ticket.
    TicketNotFound,
    /// The ticket has another version than expected. Nothing was deleted.
    VersionMismatch,
    /// The ticket has no such comment.
    CommentNotFound,
}

/// Stores the comments of tickets. A batch may hold items of several tickets and shops. The items
/// are created one after another. Each takes effect in full, with its changes to the ticket and its
/// idempotency record, or not at all.
///
/// - **COMMENT-1** A created comment is returned and listed with every field as given, the ticket's
///   customer, and its author. If no channel is given, it has the ticket's channel.
/// - **COMMENT-2** A batch returns one outcome for each item, in the order of the items. A refused
///   item fails alone.
/// - **COMMENT-3** If the ticket of an item is not the shop's, the outcome is `TicketNotFound`. If
///   the author is not a user of the shop, the outcome is `AuthorNotFound`. In both cases the item
///   leaves no data.
/// - **COMMENT-4** In the same transaction, the ticket's `last_message` and `last_message_time`
///   become the comment's text and time. If the comment is older than the ticket's
///   `last_message_time`, they stay as they are, unless that time is after the creation's
///   [`AuditStamp`].
/// - **COMMENT-5** A comment that is not from the shop sets the ticket's `unread_count` to 1,
///   regardless of the comment's time. A comment from the shop leaves it unchanged.
/// - **COMMENT-6** Every comment raises the ticket's `version` by one. It changes nothing else of the
///   ticket than COMMENT-4, COMMENT-5 and COMMENT-20 require. A refused or replayed comment changes
///   nothing.
/// - **COMMENT-7** The comments of a ticket are listed in order of time, earliest first. Comments
///   with the same time are in order of id, smallest first. The list holds no comment of another
///   ticket.
/// - **COMMENT-8** Following `next` from page to page returns every comment of the list once. Each
///   page except the last is full. The last page has no `next`.
/// - **COMMENT-9** If the ticket is not the shop's, the list and the count are `None`.
/// - **COMMENT-10** A creation with a [`DeferredClaim`] meets the obligations of
///   [`IdempotentOutcome`].
/// - **COMMENT-11** Comments on one ticket, their changes and deletions, and updates of the ticket that run
///   at the same time all take effect, and each raises the version. `last_message` is the text of the
///   latest comment. If several comments have the latest time, it is the text of one of them. Of racing
///   deletions of a comment, exactly one returns `Deleted`, and no update brings the comment back.
/// - **COMMENT-12** If a comment of the shop already has the id of an item, on whichever ticket, the
///   call fails. Nothing of the batch is written, and the stored comment stays as it was. If
///   creations race for one id, exactly one takes effect, and the others fail.
/// - **COMMENT-13** If comments on a ticket or updates of it race with its deletion, each takes effect
///   before the deletion, or returns `TicketNotFound`. Every comment that takes effect is deleted
///   with the ticket.
/// - **COMMENT-14** A note raises the ticket's `version`. It changes neither `last_message`,
///   `last_message_time` nor `unread_count`.
///
/// # Updates and deletions of comments
///
/// - **COMMENT-15** An update sets the given values and changes nothing else of the comment. It
///   raises the ticket's version. It returns the comment as it is listed from then on. An update to
///   the current values changes nothing, including the version.
/// - **COMMENT-16** An update with a [`DeferredClaim`] meets the obligations of
///   [`IdempotentOutcome`].
/// - **COMMENT-17** A deletion removes the comment and raises the ticket's version. If an updated or
///   deleted comment was the last message of the ticket, the ticket then shows the new text, or the
///   message before it: see [`Ticket::after_changed_comment`](crate::Ticket::after_changed_comment).
///   Nothing else of the ticket changes.
/// - **COMMENT-18** If the ticket is not the shop's, an update or a deletion returns
///   `TicketNotFound`. Otherwise, if it expects another version than the ticket's, it returns
///   `VersionMismatch`. Otherwise, if the ticket does not have the comment, it returns
///   `CommentNotFound`. Otherwise, an update that would leave the comment without a text and without
///   attachments returns `TextMissing`. In all these cases nothing changes.
/// - **COMMENT-19** A deletion, and an update that changes the text, remove the old text from
///   everything that is kept. The earlier events of the comment lose their snapshots, and so do those
///   events of its ticket whose `last_message` is the old text. Every receipt of the ticket's customer
///   that [holds](crate::Receipt::holds) the old text gets an empty response. Its key stays in use. An
///   empty text is not removed. Nothing else of any event or record changes.
///
/// # Reopened tickets
///
/// - **COMMENT-20** If the shop has [`reopen_on_reply`](crate::Shop::reopen_on_reply), a new comment
///   that is neither a note nor from the shop opens a closed ticket, at the time of the creation's
///   [`AuditStamp`]. The ticket gets a human ticket, or its human ticket is opened, as by an update
///   (TICKET-19).
///
/// # Expected versions
///
/// - **COMMENT-21** If an item expects another version than the ticket has at its turn, the outcome is
///   `VersionMismatch`, and the item leaves no data. Earlier items of the batch count. A missing
///   ticket comes before this, a missing author after it.
/// - **COMMENT-22** If comments, their changes and deletions, and updates race that expect the same version
///   of the ticket, exactly one takes effect. The others return `VersionMismatch`.
///
/// A search finds the new text and not the old one (SEARCH-4). After COMMENT-19, a repeated request
/// returns `Replayed` with an empty response. The id of a deleted comment is free.
///
/// If ticket and author are both missing, the outcome is `TicketNotFound`. The failure of COMMENT-12
/// is of the kind `Unexpected`. An id is also taken if an earlier item of the same batch has it. The
/// id of a refused or replayed item is not checked. Attachments are text to a store: two JSON texts
/// with the same meaning are two texts.
#[async_trait]
pub trait CommentStore: Send + Sync {
    /// Creates the comments of a batch, one after another. Each takes effect in full, with its
    /// changes to the ticket and its idempotency record, or not at all.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails. Nothing of the batch was written then, unless the kind
    /// is [`OutcomeUnknown`](crate::StorageErrorKind::OutcomeUnknown).
    async fn create_comments(
        &self,
        batch: Vec<CommentCreation>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError>;

    /// Updates a comment of the shop's ticket.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn update_comment(
        &self,
        shop: ShopId,
        ticket: TicketId,
        id: CommentId,
        update: CommentUpdate,
        claim: Option<DeferredClaim<UpdateCommentOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateCommentOutcome>, StorageError>;

    /// Deletes a comment of the shop's ticket. If `expected_version` is given, the ticket must have
    /// it.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn delete_comment(
        &self,
        shop: ShopId,
        ticket: TicketId,
        id: CommentId,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> Result<DeleteCommentOutcome, StorageError>;

    /// Returns the comments of the shop's ticket after this position: a page of this size. Returns
    /// `None` if the shop has no such ticket.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_comments(
        &self,
        shop: ShopId,
        ticket: TicketId,
        after: Option<CommentPosition>,
        size: PageSize,
    ) -> Result<Option<Page<CommentView, CommentPosition>>, StorageError>;

    /// Returns the number of comments of the shop's ticket, or `None` if the shop has no such
    /// ticket.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn count_comments(&self, shop: ShopId, ticket: TicketId) -> Result<Option<u64>, StorageError>;
}
