use std::collections::BTreeSet;

use async_trait::async_trait;
use hexdesk_domain::limits::MAX_PAGE_ENTRIES;
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome};
use hexdesk_domain::{
    CommentPosition, CommentStore, CommentView, IdempotentOutcome, NewComment, Page, ShopId, StorageError,
    Ticket, TicketId,
};

use super::{Fault, FaultyStorage, gap};
use crate::memory::page_of;

/// What became of a comment, and of its ticket.
struct Tried<'a> {
    comment: &'a NewComment,
    attempt: &'a IdempotentOutcome<CreateCommentOutcome>,
    before: &'a Ticket,
    ticket: &'a mut Ticket,
}

impl Tried<'_> {
    fn is_created(&self) -> bool {
        matches!(self.attempt, IdempotentOutcome::Ran(CreateCommentOutcome::Created(_)))
    }
}

impl FaultyStorage {
    /// Creates the comments one after the other and changes what became of their tickets.
    fn create_and(
        &self,
        batch: Vec<CommentCreation>,
        mut change: impl FnMut(Tried<'_>),
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        let mut state = self.inner.state();
        let mut attempts = Vec::new();
        for item in batch {
            let comment = item.comment.clone();
            let place = (comment.shop_id, comment.ticket_id);
            let before = state.tickets.get(&place).map(|stored| stored.ticket.clone());
            let tried = state.create_comments(vec![item])?;
            if let (Some(before), Some(stored), Some(attempt)) =
                (before, state.tickets.get_mut(&place), tried.first())
            {
                change(Tried { comment: &comment, attempt, before: &before, ticket: &mut stored.ticket });
            }
            attempts.extend(tried);
        }
        Ok(attempts)
    }

    /// Lets every user be an author of every shop's comments.
    fn create_with_any_author(
        &self,
        mut batch: Vec<CommentCreation>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        let mut state = self.inner.state();
        for CommentCreation { comment, .. } in &mut batch {
            let is_there =
                comment.author_id.is_some_and(|user| state.users.contains_key(&(comment.shop_id, user)));
            let is_anywhere = state.users.keys().any(|(_, user)| Some(*user) == comment.author_id);
            if is_anywhere && !is_there {
                comment.author_id = None;
            }
        }
        state.create_comments(batch)
    }
}

#[async_trait]
impl CommentStore for FaultyStorage {
    async fn create_comments(
        &self,
        mut batch: Vec<CommentCreation>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        for item in &mut batch {
            item.once = self.changed_for_comments(item.once.take());
        }
        match self.fault {
            Fault::NoCommentLogged => self.create_comments_and_log(batch),
            Fault::AttachmentsTrimmed => {
                for text in batch.iter_mut().filter_map(|item| item.comment.attachments.as_mut()) {
                    *text = text.trim().to_owned();
                }
                self.inner.create_comments(batch).await
            }
            Fault::AddressesSorted => {
                for item in &mut batch {
                    item.comment.to_emails.sort();
                    item.comment.to_emails.dedup();
                }
                self.inner.create_comments(batch).await
            }
            Fault::CommentChannelIgnored => {
                for item in &mut batch {
                    item.comment.channel = None;
                }
                self.inner.create_comments(batch).await
            }
            Fault::CommentsInOrderOfIds if batch.len() >= 20 => {
                let ids: Vec<_> = batch.iter().map(|item| item.comment.id).collect();
                let attempts = self.inner.create_comments(batch).await?;
                let mut sorted: Vec<_> = ids.into_iter().zip(attempts).collect();
                sorted.sort_by_key(|(id, _)| *id);
                Ok(sorted.into_iter().map(|(_, attempt)| attempt).collect())
            }
            Fault::RefusalEndsTheBatch => {
                let mut attempts = Vec::new();
                let mut ended = None;
                for item in batch {
                    let tried = match &ended {
                        Some(refusal) => vec![IdempotentOutcome::clone(refusal)],
                        None => self.inner.create_comments(vec![item]).await?,
                    };
                    let is_refused = |attempt: &&IdempotentOutcome<_>| matches!(attempt, IdempotentOutcome::Ran(outcome) if !matches!(outcome, CreateCommentOutcome::Created(_)));
                    ended = ended.or_else(|| tried.first().filter(is_refused).cloned());
                    attempts.extend(tried);
                }
                Ok(attempts)
            }
            Fault::AuthorOfAnyShop => self.create_with_any_author(batch),
            Fault::RefusalRaisesVersion => self.create_and(batch, |tried| {
                if matches!(tried.attempt, IdempotentOutcome::Ran(CreateCommentOutcome::AuthorNotFound)) {
                    tried.ticket.version += 1;
                }
            }),
            Fault::SameTimeIsOlder => self.create_and(batch, |tried| {
                if tried.comment.time == tried.before.last_message_time {
                    tried.ticket.last_message.clone_from(&tried.before.last_message);
                }
            }),
            Fault::OldCommentIsLast => self.create_and(batch, |tried| {
                if tried.is_created() {
                    tried.ticket.last_message = Some(tried.comment.text.clone());
                    tried.ticket.last_message_time = tried.comment.time;
                }
            }),
            Fault::OldCommentIsRead => self.create_and(batch, |tried| {
                if tried.comment.time < tried.before.last_message_time {
                    tried.ticket.unread_count = tried.before.unread_count;
                }
            }),
            Fault::UnreadCountedUp => self.create_and(batch, |tried| {
                if tried.is_created() && !tried.comment.is_from_shop {
                    tried.ticket.unread_count = tried.before.unread_count.saturating_add(1);
                }
            }),
            Fault::AnsweredIsRead => self.create_and(batch, |tried| {
                if tried.is_created() && tried.comment.is_from_shop {
                    tried.ticket.unread_count = 0;
                }
            }),
            Fault::VersionOfABatch => {
                let mut raised = BTreeSet::new();
                self.create_and(batch, |tried| {
                    if !raised.insert((tried.ticket.shop_id, tried.ticket.id)) {
                        tried.ticket.version = tried.before.version;
                    }
                })
            }
            Fault::ReplayRaisesVersion => self.create_and(batch, |tried| {
                if matches!(tried.attempt, IdempotentOutcome::Replayed(_)) {
                    tried.ticket.version += 1;
                }
            }),
            Fault::ChannelFollows => self.create_and(batch, |tried| {
                if tried.is_created()
                    && let Some(channel) = &tried.comment.channel
                {
                    tried.ticket.channel.clone_from(channel);
                }
            }),
            Fault::RacingCommentKeys => {
                let before = self.inner.state().idempotency_records.clone();
                gap().await;
                let mut state = self.inner.state();
                // Of the records, only what was there before the gap is seen.
                let hidden = std::mem::replace(&mut state.idempotency_records, before);
                let attempts = state.create_comments(batch);
                state.idempotency_records.extend(hidden);
                attempts
            }
            Fault::RacingComments => {
                let mut copy = self.inner.state().clone();
                let attempts = copy.create_comments(batch)?;
                gap().await;
                let mut state = self.inner.state();
                state.comments.extend(copy.comments);
                state.tickets = copy.tickets;
                Ok(attempts)
            }
            _ => self.inner.create_comments(batch).await,
        }
    }

    async fn list_comments(
        &self,
        shop: ShopId,
        ticket: TicketId,
        after: Option<CommentPosition>,
        limit: Option<u32>,
    ) -> Result<Option<Page<CommentView, CommentPosition>>, StorageError> {
        let state = self.inner.state();
        let Some(mut comments) = state.comments_of(shop, ticket) else {
            let nothing = Page { entries: Vec::new(), next: None };
            return Ok((self.fault == Fault::NoTicketNoComments).then_some(nothing));
        };
        match self.fault {
            Fault::AuthorJoinedAcrossShops => {
                for (_, view) in &mut comments {
                    let author = view.comment.author_id;
                    view.author = state.users.values().find(|there| Some(there.id) == author).cloned();
                }
            }
            Fault::CommentsByIds => comments.sort_by_key(|(position, _)| position.id),
            Fault::CommentsOfTheShop => {
                let others = state.tickets.keys().filter(|(owner, other)| *owner == shop && *other != ticket);
                for (_, other) in others {
                    comments.extend(state.comments_of(shop, *other).unwrap_or_default());
                }
            }
            _ => {}
        }
        if let Some(after) = after {
            let place_of = |it: &CommentPosition| (it.time, it.id);
            let skips_time = self.fault == Fault::CommentsOfEqualTimesSkipped;
            comments.retain(|(position, _)| {
                place_of(position) > place_of(&after) && !(skips_time && position.time == after.time)
            });
        }
        let limit = if self.fault == Fault::CommentsCut { limit.or(Some(MAX_PAGE_ENTRIES)) } else { limit };
        let last = comments.last().map(|(position, _)| *position);
        let is_full = limit.is_some_and(|limit| u32::try_from(comments.len()) == Ok(limit));
        let mut page = page_of(comments, limit);
        if self.fault == Fault::FullPageOfCommentsGoesOn && is_full {
            page.next = last;
        }
        Ok(Some(page))
    }

    async fn count_comments(&self, shop: ShopId, ticket: TicketId) -> Result<Option<u64>, StorageError> {
        let counted = self.inner.count_comments(shop, ticket).await?;
        if self.fault == Fault::CommentsCountedAcrossShops && counted.is_none() {
            let state = self.inner.state();
            let count = state.comments.values().filter(|comment| comment.ticket_id == ticket).count();
            return Ok(Some(count as u64));
        }
        Ok(counted)
    }
}
