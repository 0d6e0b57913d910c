//! Concurrent creations with one id.

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{CreateCommentOutcome, CreateTicketOutcome};
use hexdesk_domain::{
    IdempotentOutcome, NewComment, PageSize, Storage, StorageError, StorageErrorKind, Ticket, TicketView,
};

use super::race;
use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, comment_creation, create_ticket, creation, find_ticket, new_comment, ticket_id,
};

const RACERS: usize = 12;
const ROUNDS: i64 = 6;

/// Fails unless exactly one creation succeeded, and the others failed for good. Returns its value.
fn winner<T>(created: Vec<(T, Result<(), StorageError>)>) -> anyhow::Result<T> {
    let mut winners = Vec::new();
    for (value, created) in created {
        match created {
            Ok(()) => winners.push(value),
            Err(error) => same("the kind of failure", &error.kind, &StorageErrorKind::Unexpected)
                .with_context(|| format!("a racer failed: {error}"))?,
        }
    }
    same("the number of racers that created the id", &winners.len(), &1)?;
    winners.pop().context("a winner")
}

/// Of racing tickets with one id, exactly one is created.
pub(crate) async fn one_of_racing_tickets_is_created(storage: &Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = Arc::new(ShopWithPeople::create(&**storage, "race.example.com").await?);
    for round in 1..=ROUNDS {
        let created = race(RACERS, |racer| {
            let (storage, fixture) = (Arc::clone(storage), Arc::clone(&fixture));
            async move {
                let name = Some(format!("of racer {racer}"));
                let ticket = Ticket { name, is_opened: racer % 2 == 0, ..fixture.ticket(round)? };
                let outcomes = storage.create_tickets(vec![creation(ticket.clone())]).await;
                let created = match outcomes {
                    Ok(outcomes) => Ok(same("a racer", &outcomes, &vec![CreateTicketOutcome::Created])?),
                    Err(error) => Err(error),
                };
                Ok((ticket, created))
            }
        })
        .await?;
        let won = winner(created)?;
        let TicketView { ticket, human_ticket, .. } =
            find_ticket(&**storage, fixture.shop.id, won.id).await?;
        same("the ticket of the winner", &ticket, &won)?;
        same("whether it has a human ticket", &human_ticket.is_some(), &won.is_opened)?;
    }
    Ok(())
}

/// Of racing comments with one id, exactly one is created, also if they are on several tickets.
pub(crate) async fn one_of_racing_comments_is_created(storage: &Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = Arc::new(ShopWithPeople::create(&**storage, "race.example.com").await?);
    for id in [1, 2] {
        create_ticket(&**storage, creation(fixture.ticket(id)?)).await?;
    }
    for round in 1..=ROUNDS {
        let created = race(RACERS, |racer| {
            let (storage, fixture) = (Arc::clone(storage), Arc::clone(&fixture));
            async move {
                let ticket = fixture.ticket(if racer % 2 == 0 { 1 } else { 2 })?;
                let text = format!("of racer {racer}");
                let comment = NewComment { text, time: at(round), ..new_comment(round, &ticket)? };
                let attempts = storage.create_comments(vec![comment_creation(comment.clone())]).await;
                let created = attempts.map(|attempts| {
                    matches!(
                        attempts.as_slice(),
                        [IdempotentOutcome::Ran(CreateCommentOutcome::Created(view))]
                            if view.comment.text == comment.text
                    )
                });
                ensure!(!matches!(created, Ok(false)), "a racer's comment has another outcome");
                Ok((comment, created.map(|_| ())))
            }
        })
        .await?;
        let won = winner(created)?;
        let mut found = Vec::new();
        for id in [1, 2] {
            let page = storage.list_comments(fixture.shop.id, ticket_id(id)?, None, PageSize::MAX).await?;
            let comments = page.context("a ticket of the race")?.entries;
            let version = find_ticket(&**storage, fixture.shop.id, ticket_id(id)?).await?.ticket.version;
            same("the version of a ticket", &version, &(1 + i64::try_from(comments.len())?))?;
            let of_round = comments.into_iter().filter(|view| view.comment.id == won.id);
            found.extend(of_round.map(|view| (view.comment.ticket_id, view.comment.text)));
        }
        same("the comments with the id", &found, &vec![(won.ticket_id, won.text)])?;
    }
    Ok(())
}
