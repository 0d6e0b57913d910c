//! Updates and deletions of comments.

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{CommentUpdate as Update, UpdateCommentOutcome};
use hexdesk_domain::{
    CommentChanges, CommentId, CommentStore, DeferredClaim, IdempotentOutcome, Receipt, ShopId, TicketId,
    json_string,
};

use super::super::step::{Claim, CommentPlace, CommentUpdate};
use super::{Both, Model, both, pick, request_of, text_of};
use crate::comparison::same;
use crate::samples::{at, comment_id, stamp};

impl Model {
    pub(super) async fn update_comment(&mut self, update: CommentUpdate) -> anyhow::Result<()> {
        let Some((shop, ticket, id)) = self.comment_at(update.comment)? else { return Ok(()) };
        let changes = CommentChanges {
            text: update.text.map(text_of),
            tags: update.tags.map(|tag| vec![text_of(tag); usize::from(tag % 3)]),
            is_note: update.is_note,
        };
        let expected_version = self.expected_version(shop, ticket, update.version).await?;
        let update_at = Update { changes, expected_version, stamp: stamp(at(self.steps)) };
        let claim = update.claim.map(|claim| claim_of(claim, self.steps)).transpose()?;
        let attempts = both(
            self.tested.update_comment(shop.tested, ticket, id, update_at.clone(), claim.clone()).await,
            self.reference.update_comment(shop.reference, ticket, id, update_at, claim).await,
        )?;
        let Some(Both { tested, reference }) = attempts else { return Ok(()) };
        // Calls are sequential here, so the first use of every key has ended.
        ensure!(tested != IdempotentOutcome::InProgress, "an update of a comment stays in progress");
        let tested = match tested {
            IdempotentOutcome::Ran(UpdateCommentOutcome::Updated(view)) => {
                let view = self.comment_view(*view)?;
                IdempotentOutcome::Ran(UpdateCommentOutcome::Updated(Box::new(view)))
            }
            // These outcomes contain no numbers.
            other => other,
        };
        same("the outcome of an update of a comment", &tested, &reference)
    }

    pub(super) async fn delete_comment(
        &mut self,
        comment: CommentPlace,
        version: Option<i64>,
    ) -> anyhow::Result<()> {
        let Some((shop, ticket, id)) = self.comment_at(comment)? else { return Ok(()) };
        let version = self.expected_version(shop, ticket, version).await?;
        let stamp = stamp(at(self.steps));
        let outcomes = both(
            self.tested.delete_comment(shop.tested, ticket, id, version, stamp).await,
            self.reference.delete_comment(shop.reference, ticket, id, version, stamp).await,
        )?;
        let Some(Both { tested, reference }) = outcomes else { return Ok(()) };
        same("the outcome of a deletion of a comment", &tested, &reference)
    }

    fn comment_at(&self, place: CommentPlace) -> anyhow::Result<Option<(Both<ShopId>, TicketId, CommentId)>> {
        let there = place.comment.and_then(|slot| pick(&self.comments, slot));
        let elsewhere = place.other_ticket.and_then(|slot| pick(&self.tickets, slot));
        let ticket = elsewhere.or(there.map(|(shop, ticket, _)| (shop, ticket))).or(pick(&self.tickets, 0));
        let id = there.map_or(comment_id(CommentId::MAX), |(_, _, id)| Ok(id)).context("a comment's id")?;
        Ok(ticket.map(|(shop, ticket)| (shop, ticket, id)))
    }
}

/// The receipt contains nothing that a store assigns, so both stores keep the same.
fn claim_of(claim: Claim, step: i64) -> anyhow::Result<DeferredClaim<UpdateCommentOutcome>> {
    let receipt = move |outcome: &UpdateCommentOutcome| match outcome {
        UpdateCommentOutcome::Updated(view) => {
            let response = format!("step {step}: {}", json_string(&view.comment.text)).into_bytes();
            Some(Receipt { response, customer_id: (step % 3 != 0).then_some(view.customer.id) })
        }
        UpdateCommentOutcome::TicketNotFound
        | UpdateCommentOutcome::VersionMismatch
        | UpdateCommentOutcome::CommentNotFound
        | UpdateCommentOutcome::TextMissing => None,
    };
    Ok(DeferredClaim { request: request_of(claim)?, requested_at: at(step), receipt: Arc::new(receipt) })
}
