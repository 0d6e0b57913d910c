//! Concurrent comments that expect a version of their ticket.

use std::sync::Arc;

use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome, TicketUpdate, UpdateTicketOutcome};
use hexdesk_domain::{IdempotentOutcome, Storage, TicketChanges};

use super::{RACERS, ROUNDS, race};
use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, attempt_comment, attempt_update, comment_creation, create_ticket, creation, find_ticket,
    new_comment, update,
};

/// COMMENT-22: of racing comments and updates that expect one version, exactly one takes effect.
pub async fn comment_22_one_of_racing_comments_wins(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let ticket = fixture.ticket(1)?;
    create_ticket(&*storage, creation(ticket.clone())).await?;
    let mut comments = 0;
    for round in 0..ROUNDS {
        let version = i64::try_from(round + 1)?;
        let won = race(RACERS, |racer| {
            let (storage, ticket) = (Arc::clone(&storage), ticket.clone());
            async move {
                let expected_version = Some(version);
                // The first round has no updates.
                if round > 0 && racer.is_multiple_of(2) {
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
        comments += won.iter().map(|(_, comments)| comments).sum::<u64>();
        let found = find_ticket(&*storage, ticket.shop_id, ticket.id).await?;
        same("the version after the race", &found.ticket.version, &(version + 1))?;
        let count = storage.count_comments(ticket.shop_id, ticket.id).await?;
        same("the number of comments after the race", &count, &Some(comments))?;
    }
    Ok(())
}
