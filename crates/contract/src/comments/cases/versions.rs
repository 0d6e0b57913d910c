//! Comments that expect a version of their ticket.

use std::sync::Arc;

use hexdesk_domain::ports::CommentCreation;
use hexdesk_domain::ports::CreateCommentOutcome::{self, AuthorNotFound, TicketNotFound, VersionMismatch};
use hexdesk_domain::{IdempotentOutcome, NewComment, ShopId, Storage, Ticket, TicketId, UserId};

use super::look;
use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, attempt_comment, comment_creation, create_ticket, creation, deferred_claim, new_comment,
    ticket_id, user_id,
};

fn expecting(id: i64, ticket: &Ticket, version: i64) -> anyhow::Result<CommentCreation> {
    let comment = NewComment { is_from_shop: false, ..new_comment(id, ticket)? };
    Ok(CommentCreation { expected_version: Some(version), ..comment_creation(comment) })
}

/// COMMENT-21: a comment that expects another version than the ticket's leaves no data.
pub async fn comment_21_version_is_checked(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let fixture = ShopWithPeople::create(storage, "shop.example.com").await?;
    let other = ShopWithPeople::create(storage, "other.example.com").await?;
    let (ticket, neighbour) = (fixture.ticket(1)?, fixture.ticket(2)?);
    for ticket in [&ticket, &neighbour, &other.ticket(1)?] {
        create_ticket(storage, creation(ticket.clone())).await?;
    }
    // The ticket of the other shop has another version.
    attempt_comment(storage, comment_creation(new_comment(1, &other.ticket(1)?)?)).await?;
    let before = look(storage, &ticket).await?;
    let mut of_nobody = expecting(2, &ticket, 2)?;
    of_nobody.comment.author_id = Some(user_id(UserId::MAX)?);
    let keyed = |id, version| {
        let claim = Some(deferred_claim("key", 1, b"receipt")?);
        anyhow::Ok(CommentCreation { claim, ..expecting(id, &ticket, version)? })
    };
    let missing = Ticket { id: ticket_id(TicketId::MAX)?, ..ticket.clone() };
    let wrong = [0, 2, -1, i64::MAX, i64::MIN].map(|version| expecting(3, &ticket, version));
    for (creation, expected) in [
        (expecting(4, &missing, 9)?, TicketNotFound),
        (of_nobody.clone(), VersionMismatch),
        (CommentCreation { expected_version: Some(1), ..of_nobody }, AuthorNotFound),
    ]
    .into_iter()
    .chain(wrong.into_iter().collect::<anyhow::Result<Vec<_>>>()?.into_iter().map(|it| (it, VersionMismatch)))
    {
        let outcome = attempt_comment(storage, creation).await?;
        same("a refused comment", &outcome, &IdempotentOutcome::Ran(expected))?;
        same("the ticket and its comments", &look(storage, &ticket).await?, &before)?;
    }
    expect_created(storage, expecting(5, &ticket, 1)?).await?;
    in_one_batch(storage, [&ticket, &neighbour]).await?;
    // The version is not compared with that of a replayed comment.
    expect_created(storage, keyed(30, 5)?).await?;
    let replayed = attempt_comment(storage, keyed(31, 5)?).await?;
    same("a repeated comment", &replayed, &IdempotentOutcome::Replayed(b"receipt".to_vec()))?;
    same("the other shop's ticket", &version(storage, other.shop.id, ticket.id).await?, &2)
}

async fn version(storage: &dyn Storage, shop: ShopId, id: TicketId) -> anyhow::Result<i64> {
    Ok(crate::samples::find_ticket(storage, shop, id).await?.ticket.version)
}

fn is_created(outcome: &IdempotentOutcome<CreateCommentOutcome>) -> bool {
    matches!(outcome, IdempotentOutcome::Ran(CreateCommentOutcome::Created(_)))
}

async fn expect_created(storage: &dyn Storage, creation: CommentCreation) -> anyhow::Result<()> {
    let outcome = attempt_comment(storage, creation).await?;
    anyhow::ensure!(is_created(&outcome), "a comment with the right version returned {outcome:?}");
    Ok(())
}

/// The items see the versions after the items before them. The first ticket has version 2.
async fn in_one_batch(storage: &dyn Storage, [ticket, neighbour]: [&Ticket; 2]) -> anyhow::Result<()> {
    let items = [
        (ticket, Some(3)),
        (ticket, Some(2)),
        (ticket, Some(2)),
        (neighbour, Some(1)),
        (ticket, None),
        (ticket, Some(4)),
        (ticket, Some(3)),
        (neighbour, Some(1)),
    ];
    let mut batch = Vec::new();
    for (id, (ticket, expected_version)) in (10..).zip(items) {
        let creation = CommentCreation { expected_version, ..expecting(id, ticket, 0)? };
        batch.push(creation);
    }
    let outcomes = storage.create_comments(batch).await?;
    let created: Vec<bool> = outcomes.iter().map(is_created).collect();
    let expected = vec![false, true, false, true, true, true, false, false];
    same("which comments of a batch were created", &created, &expected)?;
    let refused = outcomes.iter().filter(|outcome| **outcome == IdempotentOutcome::Ran(VersionMismatch));
    same("the number of refused comments", &refused.count(), &4)?;
    same("the version after a batch", &version(storage, ticket.shop_id, ticket.id).await?, &5)?;
    let count = storage.count_comments(ticket.shop_id, ticket.id).await?;
    same("the number of comments after a batch", &count, &Some(4))
}
