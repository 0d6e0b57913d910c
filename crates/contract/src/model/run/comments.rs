//! Comments, and lists of them.

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome};
use hexdesk_domain::{
    CommentPosition, CommentStore, DeferredClaim, IdempotentOutcome, NewComment, PageSize, Receipt, ShopId,
    TicketId, UserId, json_string,
};

use super::super::step::{Claim, CommentItem, Slot};
use super::{Both, Model, both, person, pick, request_of, text_of};
use crate::comparison::same;
use crate::samples::{at, comment_id, stamp, ticket_id};

impl Model {
    pub(super) async fn create_comments(&mut self, items: Vec<CommentItem>) -> anyhow::Result<()> {
        let mut batches = Both { tested: Vec::new(), reference: Vec::new() };
        for item in items {
            let Some(Both { tested, reference }) = self.comment_creation(&item).await? else { continue };
            batches.tested.push(tested);
            batches.reference.push(reference);
        }
        let count = batches.tested.len();
        let attempts = both(
            self.tested.create_comments(batches.tested).await,
            self.reference.create_comments(batches.reference).await,
        )?;
        let Some(Both { tested, reference }) = attempts else { return Ok(()) };
        // Calls are sequential here, so the first use of every key has ended.
        ensure!(!tested.contains(&IdempotentOutcome::InProgress), "a comment stays in progress");
        let tested =
            tested.into_iter().map(|it| self.comment_attempt(it)).collect::<anyhow::Result<Vec<_>>>()?;
        same(&format!("the attempts of a batch of {count} comments"), &tested, &reference)
    }

    async fn comment_creation(
        &mut self,
        item: &CommentItem,
    ) -> anyhow::Result<Option<Both<CommentCreation>>> {
        let there = item.ticket.and_then(|slot| pick(&self.tickets, slot));
        let elsewhere = item.other_shop.and_then(|slot| pick(&self.shops, slot));
        let first = pick(&self.shops, 0);
        let Some(shop) = elsewhere.or(there.map(|(shop, _)| shop)).or(first) else { return Ok(None) };
        let nowhere = ticket_id(TicketId::MAX)?;
        let ticket = there.map_or(nowhere, |(_, id)| id);
        let unique = i64::try_from(self.comments.len())? + 1;
        let author = match item.author {
            None => None,
            Some(author) => {
                let nobody = UserId::new(UserId::MAX).context("a user's number")?;
                let user = person(self.users.get(&shop.reference), author);
                Some(user.unwrap_or(Both { tested: nobody, reference: nobody }))
            }
        };
        let expected_version = self.expected_version(shop, ticket, item.version).await?;
        let claim = item.claim.map(|claim| claim_of_comment(claim, unique)).transpose()?;
        let text = text_of(item.text);
        // The ids are not in order of creation.
        let id = comment_id(if unique % 2 == 0 { 1_000_000 - unique } else { unique })?;
        self.comments.push((shop, ticket, id));
        let creation = |shop: ShopId, author_id: Option<UserId>| CommentCreation {
            comment: NewComment {
                id,
                shop_id: shop,
                ticket_id: ticket,
                text: format!("comment {unique}: {text}"),
                time: at(item.time),
                channel: item.text.is_multiple_of(3).then(|| format!("channel {text}")),
                is_from_shop: item.is_from_shop,
                is_note: item.text.is_multiple_of(6),
                author_id,
                subject: item.text.is_multiple_of(5).then(|| text.clone()),
                from_email: item.text.is_multiple_of(7).then(|| format!("from-{unique}@example.com")),
                to_emails: vec![format!("to-{unique}@example.com"); usize::from(item.text % 3)],
                attachments: item.text.is_multiple_of(4).then(|| format!(" [{unique}.0, \"\\u00e9\"] ")),
                tags: vec![text.clone(), format!("tag {unique}"), text.clone()],
            },
            stamp: stamp(at(unique)),
            expected_version,
            claim: claim.clone(),
        };
        Ok(Some(Both {
            tested: creation(shop.tested, author.map(|user| user.tested)),
            reference: creation(shop.reference, author.map(|user| user.reference)),
        }))
    }

    /// Compares the pages and the counts of a ticket's comments in both stores.
    pub(super) async fn list_comments(
        &self,
        shop: Both<ShopId>,
        ticket: TicketId,
        size: PageSize,
    ) -> anyhow::Result<()> {
        let tested = self.tested.count_comments(shop.tested, ticket).await?;
        let reference = self.reference.count_comments(shop.reference, ticket).await?;
        same("the count of a ticket's comments", &tested, &reference)?;
        let mut after: Option<CommentPosition> = None;
        loop {
            let pages = both(
                self.tested.list_comments(shop.tested, ticket, after, size).await,
                self.reference.list_comments(shop.reference, ticket, after, size).await,
            )?;
            let Some(Both { tested, reference }) = pages else { return Ok(()) };
            let tested = tested.map(|page| self.comment_page(page)).transpose()?;
            same(&format!("a page of {size:?} comments after {after:?}"), &tested, &reference)?;
            after = reference.and_then(|page| page.next);
            if after.is_none() {
                return Ok(());
            }
        }
    }

    pub(super) async fn list_comments_of(&self, ticket: Slot, size: PageSize) -> anyhow::Result<()> {
        let Some((shop, id)) = pick(&self.tickets, ticket) else { return Ok(()) };
        self.list_comments(shop, id, size).await
    }
}

/// The receipt contains nothing that a store assigns, so both stores keep the same.
fn claim_of_comment(claim: Claim, unique: i64) -> anyhow::Result<DeferredClaim<CreateCommentOutcome>> {
    let receipt = move |outcome: &CreateCommentOutcome| match outcome {
        CreateCommentOutcome::Created(view) => {
            // As in a response: a change of the text empties it.
            let text = json_string(&view.comment.text);
            let answer = format!("comment {unique}: {text} in {}", view.comment.channel);
            Some(Receipt { response: answer.into_bytes(), customer_id: Some(view.customer.id) })
        }
        CreateCommentOutcome::TicketNotFound
        | CreateCommentOutcome::VersionMismatch
        | CreateCommentOutcome::AuthorNotFound => None,
    };
    Ok(DeferredClaim { request: request_of(claim)?, requested_at: at(unique), receipt: Arc::new(receipt) })
}
