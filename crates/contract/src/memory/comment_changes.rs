use hexdesk_domain::ports::{CommentUpdate, DeleteCommentOutcome, UpdateCommentOutcome};
use hexdesk_domain::{
    AuditStamp, Comment, CommentId, EventKind, Message, ShopId, Snapshot, StorageError, Subject, TicketId,
};

use super::{State, unexpected};

impl State {
    pub(crate) fn update_comment(
        &mut self,
        shop: ShopId,
        ticket: TicketId,
        id: CommentId,
        update: CommentUpdate,
    ) -> Result<UpdateCommentOutcome, StorageError> {
        let CommentUpdate { changes, expected_version, stamp } = update;
        let Some(stored) = self.tickets.get(&(shop, ticket)) else {
            return Ok(UpdateCommentOutcome::TicketNotFound);
        };
        if expected_version.is_some_and(|expected| expected != stored.ticket.version) {
            return Ok(UpdateCommentOutcome::VersionMismatch);
        }
        let Some(before) = self.comment_of(shop, ticket, id) else {
            return Ok(UpdateCommentOutcome::CommentNotFound);
        };
        let mut after = before.clone();
        changes.apply(&mut after);
        if after.lacks_text() {
            return Ok(UpdateCommentOutcome::TextMissing);
        }
        if after != before {
            self.comments.insert((shop, id), after.clone());
            self.follow_changed_comment(&before, Some(&after), stamp);
        }
        let view = self.comment_view(&after);
        let view = view.ok_or_else(|| unexpected("update_comment", "the ticket's customer is missing"))?;
        Ok(UpdateCommentOutcome::Updated(Box::new(view)))
    }

    pub(crate) fn delete_comment(
        &mut self,
        shop: ShopId,
        ticket: TicketId,
        id: CommentId,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> DeleteCommentOutcome {
        let Some(stored) = self.tickets.get(&(shop, ticket)) else {
            return DeleteCommentOutcome::TicketNotFound;
        };
        if expected_version.is_some_and(|expected| expected != stored.ticket.version) {
            return DeleteCommentOutcome::VersionMismatch;
        }
        let Some(before) = self.comment_of(shop, ticket, id) else {
            return DeleteCommentOutcome::CommentNotFound;
        };
        self.comments.remove(&(shop, id));
        self.follow_changed_comment(&before, None, stamp);
        DeleteCommentOutcome::Deleted
    }

    fn comment_of(&self, shop: ShopId, ticket: TicketId, id: CommentId) -> Option<Comment> {
        self.comments.get(&(shop, id)).filter(|comment| comment.ticket_id == ticket).cloned()
    }

    /// Changes the ticket of a changed or deleted comment, removes an old text, and appends the events.
    fn follow_changed_comment(&mut self, before: &Comment, after: Option<&Comment>, stamp: AuditStamp) {
        let (shop, ticket) = (before.shop_id, before.ticket_id);
        let others = self
            .comments
            .values()
            .filter(|other| other.shop_id == shop && other.ticket_id == ticket && other.id != before.id);
        let latest_other = others.filter_map(Message::of).max_by_key(|message| message.rank(stamp.time));
        if let Some(stored) = self.tickets.get_mut(&(shop, ticket)) {
            stored.ticket = stored.ticket.after_changed_comment(before, after, latest_other, stamp.time);
        }
        if after.is_none_or(|after| after.text != before.text) {
            self.scrub_text(before);
        }
        let kind = if after.is_some() { EventKind::CommentUpdated } else { EventKind::CommentDeleted };
        let changed =
            [(kind, Subject::Comment(before.id)), (EventKind::TicketUpdated, Subject::Ticket(ticket))];
        self.append_events(shop, stamp, changed);
    }

    /// Removes the text of a comment from snapshots and receipts (COMMENT-19).
    pub(crate) fn scrub_text(&mut self, comment: &Comment) {
        if comment.text.is_empty() {
            return;
        }
        for event in self.events.entry(comment.shop_id).or_default() {
            event.snapshot.take_if(|snapshot| match snapshot {
                Snapshot::Comment(other) => other.id == comment.id,
                Snapshot::Ticket(snapshot) => {
                    let ticket = &snapshot.ticket;
                    ticket.id == comment.ticket_id && ticket.last_message.as_ref() == Some(&comment.text)
                }
                Snapshot::Customer(_)
                | Snapshot::User(_)
                | Snapshot::ApiKey(_)
                | Snapshot::Webhook(_)
                | Snapshot::Shop(_) => false,
            });
        }
        for ((shop, ..), record) in &mut self.idempotency_records {
            let receipt = &mut record.receipt;
            if *shop == comment.shop_id
                && receipt.customer_id == Some(comment.customer_id)
                && receipt.holds(&comment.text)
            {
                receipt.response.clear();
            }
        }
    }
}
