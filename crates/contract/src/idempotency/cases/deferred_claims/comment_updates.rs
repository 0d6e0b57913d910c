//! Updates of comments.

use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use hexdesk_domain::ports::{CommentUpdate, UpdateCommentOutcome};
use hexdesk_domain::{
    CommentChanges, CommentPosition, CommentView, DeferredClaim, IdempotencyRequest, IdempotentOutcome,
    NewComment, PageSize, Receipt, Storage, Timestamp,
};

use super::{Operation, Thing, answer_of, shown};
use crate::samples::{
    ShopWithPeople, at, comment_creation, comment_id, create_comment, create_ticket, creation, new_comment,
    stamp, ticket_id,
};

/// Updates of comments on one ticket, one for each number.
pub(super) struct CommentUpdates;

/// The number of the ticket.
const TICKET: i64 = 2;

fn updated_id(number: i64) -> i64 {
    100_000 + number
}

fn update_receipt(outcome: &UpdateCommentOutcome) -> Option<Receipt> {
    match outcome {
        UpdateCommentOutcome::Updated(view) => {
            Some(Receipt { response: answer_of(outcome), customer_id: Some(view.customer.id) })
        }
        UpdateCommentOutcome::TicketNotFound
        | UpdateCommentOutcome::VersionMismatch
        | UpdateCommentOutcome::CommentNotFound
        | UpdateCommentOutcome::TextMissing => None,
    }
}

/// Looks for the comment in its place only: there are many.
async fn found(
    storage: &dyn Storage,
    fixture: &ShopWithPeople,
    number: i64,
) -> anyhow::Result<Option<CommentView>> {
    let (id, before) = (comment_id(updated_id(number))?, comment_id(updated_id(number) - 1)?);
    let before = Some(CommentPosition { time: at(0), id: before });
    let page = storage.list_comments(fixture.shop.id, ticket_id(TICKET)?, before, PageSize::of(1)).await?;
    let next = page.and_then(|page| page.entries.into_iter().next());
    Ok(next.filter(|view| view.comment.id == id))
}

#[async_trait]
impl Operation for CommentUpdates {
    async fn prepare_shop(&self, storage: &dyn Storage, fixture: &ShopWithPeople) -> anyhow::Result<()> {
        create_ticket(storage, creation(fixture.ticket(TICKET)?)).await.map(drop)
    }

    async fn prepare(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<()> {
        if found(storage, fixture, number).await?.is_none() {
            let new = new_comment(updated_id(number), &fixture.ticket(TICKET)?)?;
            create_comment(storage, comment_creation(NewComment { time: at(0), ..new })).await?;
        }
        Ok(())
    }

    async fn attempt(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        thing: Thing,
        request: Option<(IdempotencyRequest, Timestamp)>,
    ) -> anyhow::Result<IdempotentOutcome<Vec<u8>>> {
        let (Thing::New(number) | Thing::Refused(number)) = thing;
        self.prepare(storage, fixture, number).await?;
        let changes =
            CommentChanges { tags: Some(vec![format!("update {number}")]), ..CommentChanges::default() };
        let good = CommentUpdate { changes: changes.clone(), expected_version: None, stamp: stamp(at(11)) };
        let id = comment_id(updated_id(number))?;
        let (ticket, id, update) = match thing {
            Thing::New(_) => (TICKET, id, good),
            Thing::Refused(_) if number % 4 == 0 => (
                TICKET,
                id,
                CommentUpdate { changes: CommentChanges { text: Some(" ".into()), ..changes }, ..good },
            ),
            Thing::Refused(_) if number % 4 == 1 => (404, id, good),
            Thing::Refused(_) if number % 4 == 2 => (TICKET, comment_id(1)?, good),
            Thing::Refused(_) => (TICKET, id, CommentUpdate { expected_version: Some(0), ..good }),
        };
        let claim = request.map(|(request, requested_at)| DeferredClaim {
            request,
            requested_at,
            receipt: Arc::new(update_receipt),
        });
        let updated = storage.update_comment(fixture.shop.id, ticket_id(ticket)?, id, update, claim);
        Ok(shown(updated.await?))
    }

    async fn is_there(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<bool> {
        let Some(view) = found(storage, fixture, number).await? else { return Ok(false) };
        Ok(view.comment.tags == [format!("update {number}")])
    }
}

/// The record is checked before the comment.
pub(super) async fn update_is_replayed_after_a_deletion(storage: &dyn Storage) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(storage, "replayed.example.com").await?;
    CommentUpdates.prepare_shop(storage, &fixture).await?;
    let request = || anyhow::Ok(Some((super::request("key", 1)?, at(3))));
    let first = CommentUpdates.attempt(storage, &fixture, Thing::New(1), request()?).await?;
    let IdempotentOutcome::Ran(answer) = first else { anyhow::bail!("a first update returned {first:?}") };
    let id = comment_id(updated_id(2))?;
    CommentUpdates.prepare(storage, &fixture, 2).await?;
    // The deletion of another comment keeps the receipt.
    let deleted =
        storage.delete_comment(fixture.shop.id, ticket_id(TICKET)?, id, None, stamp(at(12))).await?;
    crate::comparison::same("a deletion", &deleted, &hexdesk_domain::ports::DeleteCommentOutcome::Deleted)?;
    for thing in [Thing::New(1), Thing::New(2), Thing::Refused(3)] {
        let again = CommentUpdates.attempt(storage, &fixture, thing, request()?).await?;
        crate::comparison::same("the update again", &again, &IdempotentOutcome::Replayed(answer.clone()))?;
    }
    let view = found(storage, &fixture, 1).await?.context("the updated comment")?;
    crate::comparison::same("the updated comment", &view.comment.tags, &vec!["update 1".to_owned()])
}
