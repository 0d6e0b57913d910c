use async_trait::async_trait;
use hexdesk_domain::ports::{
    CommentCreation, CommentUpdate, CreateCommentOutcome, DeleteCommentOutcome, UpdateCommentOutcome,
};
use hexdesk_domain::{
    AuditStamp, Comment, CommentId, CommentPosition, CommentStore, CommentView, DeferredClaim, EventKind,
    IdempotentOutcome, NewComment, Page, PageSize, ShopId, StorageError, Subject, TicketId,
};

use super::{MemoryStorage, State, unexpected};

impl State {
    /// Works on a copy and keeps it only if no item fails, so a failed batch writes nothing.
    pub(crate) fn create_comments(
        &mut self,
        batch: Vec<CommentCreation>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        let mut copy = self.clone();
        let outcomes = batch
            .into_iter()
            .map(|CommentCreation { comment, stamp, expected_version, claim }| {
                copy.attempt(comment.shop_id, claim, |state| {
                    state.create_comment(comment, expected_version, stamp)
                })
            })
            .collect::<Result<_, _>>()?;
        *self = copy;
        Ok(outcomes)
    }

    fn create_comment(
        &mut self,
        new: NewComment,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> Result<CreateCommentOutcome, StorageError> {
        let shop = new.shop_id;
        let reopen_on_reply = self.shops.get(&shop).is_some_and(|shop| shop.reopen_on_reply);
        let Some(stored) = self.tickets.get(&(shop, new.ticket_id)) else {
            return Ok(CreateCommentOutcome::TicketNotFound);
        };
        if expected_version.is_some_and(|expected| expected != stored.ticket.version) {
            return Ok(CreateCommentOutcome::VersionMismatch);
        }
        if new.author_id.is_some_and(|user| !self.users.contains_key(&(shop, user))) {
            return Ok(CreateCommentOutcome::AuthorNotFound);
        }
        if self.comments.contains_key(&(shop, new.id)) {
            return Err(unexpected("create_comments", "the shop already has a comment with this id"));
        }
        let comment = new.into_comment(&stored.ticket);
        let mut stored = stored.clone();
        stored.ticket = stored.ticket.after_comment(&comment, stamp.time, reopen_on_reply);
        let is_open = stored.ticket.is_opened;
        stored.human_ticket = self.set_human_ticket(shop, stored.human_ticket, is_open, stamp.time)?;
        self.tickets.insert((shop, comment.ticket_id), stored);
        self.comments.insert((shop, comment.id), comment.clone());
        let changed = [
            (EventKind::CommentCreated, Subject::Comment(comment.id)),
            (EventKind::TicketUpdated, Subject::Ticket(comment.ticket_id)),
        ];
        self.append_events(shop, stamp, changed);
        let view = self.comment_view(&comment);
        let view = view.ok_or_else(|| unexpected("create_comments", "the ticket's customer is missing"))?;
        Ok(CreateCommentOutcome::Created(Box::new(view)))
    }

    pub(crate) fn comment_view(&self, comment: &Comment) -> Option<CommentView> {
        Some(CommentView {
            comment: comment.clone(),
            customer: self.customers.get(&(comment.shop_id, comment.customer_id))?.clone(),
            author: comment.author_id.and_then(|user| self.users.get(&(comment.shop_id, user)).cloned()),
        })
    }

    /// The ticket's comments in list order, or `None` if the ticket is missing.
    pub(crate) fn comments_of(
        &self,
        shop: ShopId,
        ticket: TicketId,
    ) -> Option<Vec<(CommentPosition, CommentView)>> {
        self.tickets.get(&(shop, ticket))?;
        let of_ticket = self.comments.values().filter(|it| it.shop_id == shop && it.ticket_id == ticket);
        let mut comments: Vec<_> =
            of_ticket.filter_map(|comment| Some((comment.position(), self.comment_view(comment)?))).collect();
        comments.sort_by_key(|(position, _)| *position);
        Some(comments)
    }
}

#[async_trait]
impl CommentStore for MemoryStorage {
    async fn create_comments(
        &self,
        batch: Vec<CommentCreation>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        self.state().create_comments(batch)
    }

    async fn update_comment(
        &self,
        shop: ShopId,
        ticket: TicketId,
        id: CommentId,
        update: CommentUpdate,
        claim: Option<DeferredClaim<UpdateCommentOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateCommentOutcome>, StorageError> {
        self.state().attempt(shop, claim, |state| state.update_comment(shop, ticket, id, update))
    }

    async fn delete_comment(
        &self,
        shop: ShopId,
        ticket: TicketId,
        id: CommentId,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> Result<DeleteCommentOutcome, StorageError> {
        Ok(self.state().delete_comment(shop, ticket, id, expected_version, stamp))
    }

    async fn list_comments(
        &self,
        shop: ShopId,
        ticket: TicketId,
        after: Option<CommentPosition>,
        size: PageSize,
    ) -> Result<Option<Page<CommentView, CommentPosition>>, StorageError> {
        let Some(mut comments) = self.state().comments_of(shop, ticket) else { return Ok(None) };
        if let Some(after) = after {
            comments.retain(|(position, _)| *position > after);
        }
        Ok(Some(Page::cut(comments, size)))
    }

    async fn count_comments(&self, shop: ShopId, ticket: TicketId) -> Result<Option<u64>, StorageError> {
        Ok(self.state().comments_of(shop, ticket).map(|comments| comments.len() as u64))
    }
}
