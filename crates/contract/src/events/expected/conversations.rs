//! Tickets and comments.

use std::collections::BTreeMap;

use anyhow::Context;
use hexdesk_domain::ports::{
    CommentCreation, CommentUpdate, CreateCommentOutcome, CreateTicketOutcome, DeleteCommentOutcome,
    DeleteTicketOutcome, TicketCreation, TicketUpdate, UpdateCommentOutcome, UpdateTicketOutcome,
};
use hexdesk_domain::{
    AuditStamp, Comment, CommentChanges, DeferredClaim, EventKind, IdempotentOutcome, NewComment, PageSize,
    ShopId, Snapshot, StorageError, Subject, Ticket, TicketChanges, TicketId, Timestamp,
};

use super::{ExpectedEvent, ExpectedEvents, of_ticket};
use crate::comparison::same;
use crate::samples::{find_comment, find_ticket};

impl ExpectedEvents<'_> {
    pub(crate) async fn create_tickets(
        &mut self,
        mut batch: Vec<TicketCreation>,
    ) -> anyhow::Result<Result<Vec<CreateTicketOutcome>, StorageError>> {
        for item in &mut batch {
            item.stamp = self.next_stamp();
        }
        let outcomes = self.storage.create_tickets(batch.clone()).await;
        let mut made: BTreeMap<ShopId, Vec<ExpectedEvent>> = BTreeMap::new();
        for (item, outcome) in batch.iter().zip(outcomes.iter().flatten()) {
            if *outcome == CreateTicketOutcome::Created {
                let shop = item.ticket.shop_id;
                let snapshot = self.found(shop, Subject::Ticket(item.ticket.id)).await?;
                made.entry(shop).or_default().push(ExpectedEvent::of(
                    EventKind::TicketCreated,
                    item.stamp,
                    snapshot,
                ));
            }
        }
        made.into_iter().for_each(|(shop, entries)| self.note(shop, entries));
        Ok(outcomes)
    }

    pub(crate) async fn create_comments(
        &mut self,
        mut batch: Vec<CommentCreation>,
    ) -> anyhow::Result<Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError>> {
        let mut tickets = BTreeMap::new();
        for item in &mut batch {
            item.stamp = self.next_stamp();
            let (shop, id) = (item.comment.shop_id, item.comment.ticket_id);
            tickets.extend(self.storage.find_ticket(shop, id).await?.map(|view| ((shop, id), view)));
        }
        let attempts = self.storage.create_comments(batch.clone()).await;
        let mut made: BTreeMap<ShopId, Vec<ExpectedEvent>> = BTreeMap::new();
        for (item, attempt) in batch.iter().zip(attempts.iter().flatten()) {
            if let IdempotentOutcome::Ran(CreateCommentOutcome::Created(comment)) = attempt {
                let place = (item.comment.shop_id, item.comment.ticket_id);
                let view = tickets.get_mut(&place).context("a comment on no ticket")?;
                follow(&mut view.ticket, &item.comment, item.stamp.time);
                let snapshot = Snapshot::Comment(Box::new(comment.comment.clone()));
                made.entry(place.0).or_default().extend([
                    ExpectedEvent::of(EventKind::CommentCreated, item.stamp, snapshot),
                    ExpectedEvent::of(EventKind::TicketUpdated, item.stamp, of_ticket(view.clone())),
                ]);
            }
        }
        for ((shop, id), expected) in &tickets {
            let found = find_ticket(self.storage, *shop, *id).await?;
            same("a ticket after comments", &found, expected)?;
        }
        made.into_iter().for_each(|(shop, entries)| self.note(shop, entries));
        Ok(attempts)
    }

    pub(crate) async fn update_comment(
        &mut self,
        comment: &Comment,
        changes: CommentChanges,
    ) -> anyhow::Result<()> {
        let Comment { shop_id, ticket_id, id, .. } = *comment;
        let before = find_comment(self.storage, shop_id, ticket_id, id).await?.context("a comment")?.comment;
        let stamp = self.next_stamp();
        let update = CommentUpdate { changes, expected_version: None, stamp };
        let outcome = self.storage.update_comment(shop_id, ticket_id, id, update, None).await?;
        let IdempotentOutcome::Ran(UpdateCommentOutcome::Updated(view)) = outcome else {
            anyhow::bail!("an update of a comment returned {outcome:?}");
        };
        let after = view.comment;
        if after == before {
            return Ok(());
        }
        if after.text != before.text {
            self.forget_text(&before);
        }
        let after = Snapshot::Comment(Box::new(after));
        let of_comment = ExpectedEvent::of(EventKind::CommentUpdated, stamp, after);
        let ticket = self.found(shop_id, Subject::Ticket(ticket_id)).await?;
        self.note(shop_id, vec![of_comment, ExpectedEvent::of(EventKind::TicketUpdated, stamp, ticket)]);
        Ok(())
    }

    pub(crate) async fn delete_comment(&mut self, comment: &Comment) -> anyhow::Result<()> {
        let Comment { shop_id, ticket_id, id, .. } = *comment;
        let before = find_comment(self.storage, shop_id, ticket_id, id).await?.context("a comment")?.comment;
        let stamp = self.next_stamp();
        let outcome = self.storage.delete_comment(shop_id, ticket_id, id, None, stamp).await?;
        same("the deletion of a comment", &outcome, &DeleteCommentOutcome::Deleted)?;
        self.forget_text(&before);
        let of_comment = ExpectedEvent::of_deleted(EventKind::CommentDeleted, stamp, Subject::Comment(id));
        let ticket = self.found(shop_id, Subject::Ticket(ticket_id)).await?;
        self.note(shop_id, vec![of_comment, ExpectedEvent::of(EventKind::TicketUpdated, stamp, ticket)]);
        Ok(())
    }

    /// Removes the snapshots that hold the text of a comment (COMMENT-19).
    fn forget_text(&mut self, comment: &Comment) {
        for event in self.changes.entry(comment.shop_id).or_default().iter_mut().flatten() {
            event.snapshot.take_if(|snapshot| match snapshot {
                Snapshot::Comment(other) => other.id == comment.id,
                Snapshot::Ticket(snapshot) => {
                    let ticket = &snapshot.ticket;
                    ticket.id == comment.ticket_id && ticket.last_message.as_ref() == Some(&comment.text)
                }
                _ => false,
            });
        }
    }

    pub(crate) async fn update_ticket(
        &mut self,
        shop: ShopId,
        id: TicketId,
        changes: TicketChanges,
        expected_version: Option<i64>,
        claim: Option<DeferredClaim<UpdateTicketOutcome>>,
    ) -> anyhow::Result<IdempotentOutcome<UpdateTicketOutcome>> {
        let stamp = self.next_stamp();
        let before = self.storage.find_ticket(shop, id).await?;
        let is_change = before.is_some_and(|before| changes.is_change_of(&before.ticket));
        let update = TicketUpdate { changes, expected_version, stamp };
        let attempt = self.storage.update_ticket(shop, id, update, claim).await?;
        if matches!(attempt, IdempotentOutcome::Ran(UpdateTicketOutcome::Updated(_))) && is_change {
            self.note_found(shop, EventKind::TicketUpdated, stamp, Subject::Ticket(id)).await?;
        }
        Ok(attempt)
    }

    pub(crate) async fn delete_ticket(
        &mut self,
        shop: ShopId,
        id: TicketId,
        expected_version: Option<i64>,
    ) -> anyhow::Result<DeleteTicketOutcome> {
        let stamp = self.next_stamp();
        let gone = self.with_comments(shop, id, stamp).await?;
        let outcome = self.storage.delete_ticket(shop, id, expected_version, stamp).await?;
        if outcome == DeleteTicketOutcome::Deleted {
            self.note(shop, gone);
        }
        Ok(outcome)
    }

    /// The events of deleting this ticket.
    pub(super) async fn with_comments(
        &self,
        shop: ShopId,
        id: TicketId,
        stamp: AuditStamp,
    ) -> anyhow::Result<Vec<ExpectedEvent>> {
        let comments = self.storage.list_comments(shop, id, None, PageSize::MAX).await?;
        let comments = comments.into_iter().flat_map(|page| page.entries);
        let mut gone = vec![ExpectedEvent::of_deleted(EventKind::TicketDeleted, stamp, Subject::Ticket(id))];
        gone.extend(comments.map(|view| {
            ExpectedEvent::of_deleted(EventKind::CommentDeleted, stamp, Subject::Comment(view.comment.id))
        }));
        Ok(gone)
    }
}

/// Applies the effects of a comment to its ticket.
fn follow(ticket: &mut Ticket, comment: &NewComment, now: Timestamp) {
    ticket.version += 1;
    if comment.is_note {
        return;
    }
    if comment.time >= ticket.last_message_time || ticket.last_message_time > now {
        ticket.replace_last_message(Some(comment.text.clone()), comment.time);
    }
    if !comment.is_from_shop {
        ticket.unread_count = 1;
    }
}
