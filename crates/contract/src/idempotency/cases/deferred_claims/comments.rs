//! The creation of comments.

use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome};
use hexdesk_domain::{
    DeferredClaim, IdempotencyRequest, IdempotentOutcome, NewComment, PageSize, Receipt, Storage, Timestamp,
    UserId,
};

use super::{Operation, Thing, answer_of, request, shown};
use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, attempt_comment, comment_creation, create_ticket, creation, new_comment, stamp,
    user_id,
};

pub(super) struct Comments;

fn comment_receipt(outcome: &CreateCommentOutcome) -> Option<Receipt> {
    match outcome {
        CreateCommentOutcome::Created(view) => {
            let customer_id = Some(view.customer.id);
            Some(Receipt { response: answer_of(outcome), customer_id })
        }
        CreateCommentOutcome::TicketNotFound
        | CreateCommentOutcome::VersionMismatch
        | CreateCommentOutcome::AuthorNotFound => None,
    }
}

#[async_trait]
impl Operation for Comments {
    async fn prepare_shop(&self, storage: &dyn Storage, fixture: &ShopWithPeople) -> anyhow::Result<()> {
        create_ticket(storage, creation(fixture.ticket(1)?)).await.map(drop)
    }

    async fn attempt(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        thing: Thing,
        request: Option<(IdempotencyRequest, Timestamp)>,
    ) -> anyhow::Result<IdempotentOutcome<Vec<u8>>> {
        let ticket = fixture.ticket(1)?;
        let comment = match thing {
            Thing::New(number) => {
                NewComment { author_id: Some(fixture.user.id), ..new_comment(number, &ticket)? }
            }
            Thing::Refused(number) if number % 2 == 0 => {
                NewComment { author_id: Some(user_id(UserId::MAX)?), ..new_comment(number, &ticket)? }
            }
            Thing::Refused(number) => new_comment(number, &fixture.ticket(404)?)?,
        };
        let claim = request.map(|(request, requested_at)| DeferredClaim {
            request,
            requested_at,
            receipt: Arc::new(comment_receipt),
        });
        Ok(shown(
            attempt_comment(
                storage,
                CommentCreation { comment, stamp: stamp(at(8)), expected_version: None, claim },
            )
            .await?,
        ))
    }

    async fn is_there(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<bool> {
        let ticket = fixture.ticket(1)?;
        let page = storage.list_comments(ticket.shop_id, ticket.id, None, PageSize::MAX).await?;
        let page = page.context("the ticket is not found")?;
        Ok(page.entries.iter().any(|view| view.comment.id.get() == number))
    }
}

/// The second of two comments with one key in a batch has the outcome of a later call.
pub(super) async fn a_key_twice_in_a_batch(storage: &dyn Storage) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(storage, "batch.example.com").await?;
    let ticket = fixture.ticket(1)?;
    create_ticket(storage, creation(ticket.clone())).await?;
    let item = |id: i64, key: &str, number: u8, author: bool| -> anyhow::Result<CommentCreation> {
        let author_id = if author { Some(fixture.user.id) } else { Some(user_id(UserId::MAX)?) };
        let comment = NewComment { author_id, ..new_comment(id, &ticket)? };
        let (request, receipt) = (request(key, number)?, Arc::new(comment_receipt));
        Ok(CommentCreation {
            comment,
            stamp: stamp(at(8)),
            expected_version: None,
            claim: Some(DeferredClaim { request, requested_at: at(3), receipt }),
        })
    };
    let batch = vec![
        item(19, "a", 1, true)?,
        item(12, "a", 1, true)?,
        item(13, "a", 2, true)?,
        item(14, "b", 2, true)?,
        item(15, "a", 1, false)?,
        // The first item that takes effect uses the key, not the first item with the key.
        item(16, "c", 1, false)?,
        item(17, "c", 2, true)?,
        item(18, "c", 1, false)?,
        item(11, "c", 2, true)?,
        // Equal in every detail.
        item(14, "b", 2, true)?,
        comment_creation(new_comment(10, &ticket)?),
    ];
    let attempts = storage.create_comments(batch).await?;
    let ran = |place: usize| attempts.get(place).cloned().map(shown);
    let replayed = |place: usize| match ran(place) {
        Some(IdempotentOutcome::Ran(answer)) => Some(IdempotentOutcome::Replayed(answer)),
        _ => None,
    };
    let answers: Vec<_> = attempts.iter().cloned().map(shown).map(Some).collect();
    let refused = Some(IdempotentOutcome::Ran(answer_of(&CreateCommentOutcome::AuthorNotFound)));
    let expected = vec![
        ran(0),
        replayed(0),
        Some(IdempotentOutcome::KeyReused),
        ran(3),
        replayed(0),
        refused,
        ran(6),
        Some(IdempotentOutcome::KeyReused),
        replayed(6),
        replayed(3),
        ran(10),
    ];
    same("a batch that repeats keys", &answers, &expected)?;
    let page = storage.list_comments(ticket.shop_id, ticket.id, None, PageSize::MAX).await?;
    let page = page.context("the ticket is not found")?;
    let mut ids: Vec<_> = page.entries.iter().map(|view| view.comment.id.get()).collect();
    ids.sort_unstable();
    same("the comments after the batch", &ids, &vec![10, 14, 17, 19])
}
