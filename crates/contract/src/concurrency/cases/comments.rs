//! Concurrent comments that expect a version of their ticket, and concurrent changes of comments.

use std::sync::Arc;

use hexdesk_domain::ports::{
    CommentCreation, CommentUpdate, CreateCommentOutcome, DeleteCommentOutcome, TicketUpdate,
    UpdateCommentOutcome, UpdateTicketOutcome,
};
use hexdesk_domain::{CommentChanges, CommentId, IdempotentOutcome, Storage, Ticket, TicketChanges};

use super::{FEW_ROUNDS, RACERS, ROUNDS, race};
use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, attempt_comment, attempt_update, comment_creation, comment_id, create_comment,
    create_ticket, creation, find_comment, find_ticket, new_comment, stamp, update, update_ticket,
};

async fn update_comment(
    storage: &dyn Storage,
    ticket: &Ticket,
    id: CommentId,
    changes: CommentChanges,
    expected_version: Option<i64>,
) -> anyhow::Result<UpdateCommentOutcome> {
    let update = CommentUpdate { changes, expected_version, stamp: stamp(at(9)) };
    match storage.update_comment(ticket.shop_id, ticket.id, id, update, None).await? {
        IdempotentOutcome::Ran(outcome) => Ok(outcome),
        other => anyhow::bail!("an update without a key returned {other:?}"),
    }
}

/// Changes and deletions of comments on one ticket, and updates of the ticket, all take effect. No
/// change brings a deleted comment back.
pub(super) async fn racing_changes_all_take_effect(storage: &Arc<dyn Storage>) -> anyhow::Result<()> {
    // Five racers contend for each comment. The odd ones are deleted.
    const COMMENTS: usize = RACERS / 5;
    let fixture = ShopWithPeople::create(&**storage, "changed.example.com").await?;
    let shop = fixture.shop.id;
    for round in 0..FEW_ROUNDS {
        let number = move |comment: usize| i64::try_from(round * 100 + comment + 1);
        let ticket = fixture.ticket(number(0)?)?;
        create_ticket(&**storage, creation(ticket.clone())).await?;
        for comment in 0..COMMENTS {
            create_comment(&**storage, comment_creation(new_comment(number(comment)?, &ticket)?)).await?;
        }
        let outcomes = race(RACERS, |racer| {
            let (storage, ticket) = (Arc::clone(storage), ticket.clone());
            let (kind, comment) = (racer % 5, racer / 5);
            async move {
                let (storage, id) = (&*storage, comment_id(number(comment)?)?);
                let changes = match kind {
                    0 => CommentChanges { text: Some("changed".into()), ..CommentChanges::default() },
                    1 => CommentChanges { tags: Some(vec!["changed".into()]), ..CommentChanges::default() },
                    2 | 3 if comment % 2 == 1 => {
                        let deleted = storage.delete_comment(shop, ticket.id, id, None, stamp(at(9)));
                        return match deleted.await? {
                            DeleteCommentOutcome::Deleted => Ok((comment, 1, 1)),
                            DeleteCommentOutcome::CommentNotFound => Ok((comment, 0, 0)),
                            other => anyhow::bail!("a deletion returned {other:?}"),
                        };
                    }
                    _ => {
                        let name = Some(Some(format!("racer {racer}")));
                        let changes = TicketChanges { name, ..TicketChanges::default() };
                        update_ticket(storage, shop, ticket.id, update(changes)).await?;
                        return Ok((comment, 1, 0));
                    }
                };
                match update_comment(storage, &ticket, id, changes, None).await? {
                    UpdateCommentOutcome::Updated(_) => Ok((comment, 1, 0)),
                    UpdateCommentOutcome::CommentNotFound if comment % 2 == 1 => Ok((comment, 0, 0)),
                    other => anyhow::bail!("an update of a comment returned {other:?}"),
                }
            }
        })
        .await?;
        let effects: usize = outcomes.iter().map(|(_, effects, _)| effects).sum();
        let found = find_ticket(&**storage, shop, ticket.id).await?;
        let version = i64::try_from(1 + COMMENTS + effects)?;
        same("the version after racing changes of comments", &found.ticket.version, &version)?;
        for comment in 0..COMMENTS {
            let of_comment = outcomes.iter().filter(|(of, ..)| *of == comment);
            let deletions: usize = of_comment.map(|(_, _, deletions)| deletions).sum();
            same("the number of racing deletions of a comment", &deletions, &(comment % 2))?;
            let found = find_comment(&**storage, shop, ticket.id, comment_id(number(comment)?)?).await?;
            let found = found.map(|view| (view.comment.text, view.comment.tags));
            let changed = || ("changed".to_owned(), vec!["changed".to_owned()]);
            same("a comment after racing changes", &found, &(comment % 2 == 0).then(changed))?;
        }
    }
    Ok(())
}

/// COMMENT-22: of racing comments, changes of comments and updates that expect one version, exactly one
/// takes effect.
pub async fn comment_22_one_of_racing_comments_wins(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let ticket = fixture.ticket(1)?;
    create_ticket(&*storage, creation(ticket.clone())).await?;
    // One to change, and one to delete in each round.
    let prepared = |round: usize| i64::try_from(9_000 + round);
    for round in 0..=ROUNDS {
        create_comment(&*storage, comment_creation(new_comment(prepared(round)?, &ticket)?)).await?;
    }
    let mut comments = i64::try_from(ROUNDS + 1)?;
    for round in 0..ROUNDS {
        let version = i64::try_from(round + ROUNDS + 2)?;
        let won = race(RACERS, |racer| {
            let (storage, ticket) = (Arc::clone(&storage), ticket.clone());
            async move {
                let expected_version = Some(version);
                // The first round has new comments only, the others have all kinds.
                let kind = if round == 0 { 0 } else { racer % 4 };
                if kind == 1 {
                    let tags = Some(vec![format!("round {round}, racer {racer}")]);
                    let changes = CommentChanges { tags, ..CommentChanges::default() };
                    let id = comment_id(prepared(ROUNDS)?)?;
                    return match update_comment(&*storage, &ticket, id, changes, expected_version).await? {
                        UpdateCommentOutcome::Updated(_) => Ok((1, 0)),
                        UpdateCommentOutcome::VersionMismatch => Ok((0, 0)),
                        other => anyhow::bail!("an update of a comment returned {other:?}"),
                    };
                }
                if kind == 2 {
                    let id = comment_id(prepared(round)?)?;
                    let (shop, ticket) = (ticket.shop_id, ticket.id);
                    let deleted = storage.delete_comment(shop, ticket, id, expected_version, stamp(at(9)));
                    return match deleted.await? {
                        DeleteCommentOutcome::Deleted => Ok((1, -1)),
                        DeleteCommentOutcome::VersionMismatch => Ok((0, 0)),
                        other => anyhow::bail!("a deletion returned {other:?}"),
                    };
                }
                if kind == 3 {
                    let name = Some(Some(format!("round {round}, racer {racer}")));
                    let changes = TicketChanges { name, ..TicketChanges::default() };
                    let update = TicketUpdate { expected_version, ..update(changes) };
                    return match attempt_update(&*storage, ticket.shop_id, ticket.id, update).await? {
                        UpdateTicketOutcome::Updated(_) => Ok((1, 0)),
                        UpdateTicketOutcome::VersionMismatch => Ok((0, 0)),
                        other => anyhow::bail!("an update returned {other:?}"),
                    };
                }
                let id = i64::try_from(round * RACERS + racer + 1)?;
                let comment = comment_creation(new_comment(id, &ticket)?);
                let comment = CommentCreation { expected_version, ..comment };
                match attempt_comment(&*storage, comment).await? {
                    IdempotentOutcome::Ran(CreateCommentOutcome::Created(_)) => Ok((1, 1)),
                    IdempotentOutcome::Ran(CreateCommentOutcome::VersionMismatch) => Ok((0, 0)),
                    other => anyhow::bail!("a comment returned {other:?}"),
                }
            }
        })
        .await?;
        same("the number of racers that won", &won.iter().map(|(won, _)| won).sum::<u64>(), &1)?;
        comments += won.iter().map(|(_, comments)| comments).sum::<i64>();
        let found = find_ticket(&*storage, ticket.shop_id, ticket.id).await?;
        same("the version after the race", &found.ticket.version, &(version + 1))?;
        let count = storage.count_comments(ticket.shop_id, ticket.id).await?;
        same("the number of comments after the race", &count, &Some(u64::try_from(comments)?))?;
    }
    Ok(())
}
