//! Concurrent assignments, updates, comments and deletions.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::ports::{
    CreateCommentOutcome, CreateTicketOutcome, DeleteTicketOutcome, TicketUpdate, UpdateTicketOutcome,
};
use hexdesk_domain::{
    AssigneeFilter, EventKind, IdempotentOutcome, PageSize, ShopId, Storage, Subject, Ticket, TicketChanges,
    TicketFilter, TicketId, User, UserChanges,
};

use super::{FEW_ROUNDS, ROUNDS, race};
use crate::cases::ticket_lists::{create_all, whole_list};
use crate::cases::user_changes::{change, update_user};
use crate::comparison::same;
use crate::events::settled_log::settled_log;
use crate::samples::{
    ShopWithPeople, at, attempt_comment, attempt_update, comment_creation, create_comment, create_ticket,
    create_user, creation, expect_no_ticket, find_ticket, new_comment, stamp, ticket_id, update,
    user_by_email,
};

/// The ids of the tickets that a list by assignee holds.
async fn assigned(storage: &dyn Storage, user: &User) -> anyhow::Result<BTreeSet<TicketId>> {
    let assignees = vec![AssigneeFilter::User(user.id)];
    let list =
        whole_list(storage, user.shop_id, &TicketFilter { assignees, ..TicketFilter::default() }).await?;
    Ok(list.into_iter().map(|view| view.ticket.id).collect())
}

/// TICKET-25: once a deactivation has returned, the user gets no further ticket.
pub async fn ticket_25_inactive_user_gets_no_ticket(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    const USERS: usize = 5;
    const RACERS: usize = 8;

    let fixture = Arc::new(ShopWithPeople::create(&*storage, "shop.example.com").await?);
    for round in 0..ROUNDS {
        let mut users = Vec::new();
        for number in 0..USERS {
            let email = format!("{round}-{number}@example.com");
            users.push(create_user(&*storage, fixture.shop.id, user_by_email(&email)).await?);
        }
        let id_of = move |racer: usize| ticket_id(i64::try_from(1 + round * USERS * RACERS + racer)?);
        // Half of the racers update a ticket of their own.
        let updates = |racer: usize| (racer / USERS).is_multiple_of(2);
        let unassigned = (0..USERS * RACERS).filter(|racer| updates(*racer));
        let unassigned = unassigned.map(|racer| fixture.ticket(id_of(racer)?.get()));
        create_all(&*storage, &unassigned.collect::<anyhow::Result<Vec<_>>>()?).await?;
        let results = race(USERS * RACERS, |racer| {
            let (storage, fixture, user) =
                (Arc::clone(&storage), Arc::clone(&fixture), users[racer % USERS].clone());
            async move {
                let ticket = Ticket { assigned_to: Some(user.id), ..fixture.ticket(id_of(racer)?.get())? };
                // The last racers deactivate. They see the tickets assigned until then.
                if racer / USERS == RACERS - 1 {
                    let off = UserChanges { is_active: Some(false), ..UserChanges::default() };
                    update_user(&*storage, user.shop_id, user.id, change(off, at(9))).await?;
                    return Ok((user.id, None, assigned(&*storage, &user).await?));
                }
                let is_assigned = if updates(racer) {
                    let changes =
                        TicketChanges { assigned_to: Some(ticket.assigned_to), ..TicketChanges::default() };
                    match attempt_update(&*storage, user.shop_id, ticket.id, update(changes)).await? {
                        UpdateTicketOutcome::Updated(_) => true,
                        UpdateTicketOutcome::AssigneeDeactivated => false,
                        other => anyhow::bail!("a racing update returned {other:?}"),
                    }
                } else {
                    match create_ticket(&*storage, creation(ticket.clone())).await? {
                        CreateTicketOutcome::Created => true,
                        CreateTicketOutcome::AssigneeDeactivated => false,
                        other => anyhow::bail!("a racing creation returned {other:?}"),
                    }
                };
                Ok((user.id, is_assigned.then_some(ticket.id), BTreeSet::new()))
            }
        })
        .await?;
        for user in users {
            let of_user = || results.iter().filter(|(id, ..)| *id == user.id);
            let found = assigned(&*storage, &user).await?;
            let accepted: BTreeSet<_> = of_user().filter_map(|(_, accepted, _)| *accepted).collect();
            same("the tickets of an inactive user, and the accepted ones", &found, &accepted)?;
            let seen: BTreeSet<_> = of_user().flat_map(|(.., seen)| seen.iter().copied()).collect();
            same("the tickets of a user after the race, and right after the deactivation", &found, &seen)?;
        }
    }
    Ok(())
}

/// Of racing updates and deletions with one expected version, exactly one takes effect. Of racing
/// deletions without one, too.
pub(super) async fn one_of_racing_deletions_wins(storage: &Arc<dyn Storage>) -> anyhow::Result<()> {
    const TICKETS: usize = 6;
    const RACERS: usize = 6;

    let fixture = ShopWithPeople::create(&**storage, "deletions.example.com").await?;
    let shop = fixture.shop.id;
    let (mut deleted, mut updated) = (0, 0);
    for round in 0..ROUNDS {
        let first = i64::try_from(round * TICKETS)? + 1;
        let mut ids = Vec::new();
        for id in first..first + i64::try_from(TICKETS)? {
            create_ticket(&**storage, creation(fixture.ticket(id)?)).await?;
            create_comment(&**storage, comment_creation(new_comment(id, &fixture.ticket(id)?)?)).await?;
            ids.push(ticket_id(id)?);
        }
        let results = race(TICKETS * RACERS, |racer| {
            let (storage, place) = (Arc::clone(storage), racer % TICKETS);
            let id = ids[place];
            async move {
                // Half of the tickets are deleted without an expected version, by every racer.
                let expected_version = (place % 2 == 0).then_some(2);
                let result = if expected_version.is_some() && (racer / TICKETS).is_multiple_of(2) {
                    let tags = Some(vec![format!("{racer}")]);
                    let changes = TicketChanges { tags, ..TicketChanges::default() };
                    let update = TicketUpdate { expected_version, ..update(changes) };
                    Effect::of_update(attempt_update(&*storage, shop, id, update).await?)
                } else {
                    Effect::of_deletion(
                        storage.delete_ticket(shop, id, expected_version, stamp(at(13))).await?,
                    )
                };
                Ok((id, result))
            }
        })
        .await?;
        for id in ids {
            let effects: Vec<_> =
                results.iter().filter(|(of, _)| *of == id).map(|(_, effect)| *effect).collect();
            let won: Vec<_> =
                effects.iter().filter(|effect| matches!(effect, Effect::Updated | Effect::Deleted)).collect();
            same("the number of racers that changed a ticket", &won.len(), &1)?;
            let is_deleted = won == [&Effect::Deleted];
            let lost = if is_deleted { Effect::NotFound } else { Effect::OtherVersion };
            let losers = effects.iter().filter(|effect| **effect == lost).count();
            same("the number of racers that lost for that reason", &losers, &(RACERS - 1))?;
            if is_deleted {
                expect_no_ticket(&**storage, "the deleted ticket", shop, id).await?;
            } else {
                find_ticket(&**storage, shop, id).await?;
            }
            deleted += usize::from(is_deleted);
            updated += usize::from(!is_deleted);
        }
    }
    let (log, _) = settled_log(&**storage, shop, stamp(at(0))).await?;
    let count = |kind: EventKind| log.iter().filter(|event| event.kind == kind).count();
    same("the number of logged deletions of tickets", &count(EventKind::TicketDeleted), &deleted)?;
    same("the number of logged deletions of comments", &count(EventKind::CommentDeleted), &deleted)?;
    // The comment of each ticket counts, too.
    let updates = updated + TICKETS * ROUNDS;
    same("the number of logged updates", &count(EventKind::TicketUpdated), &updates)
}

/// What a racer found or did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Updated,
    Deleted,
    NotFound,
    OtherVersion,
    Refused,
}

impl Effect {
    fn of_update(outcome: UpdateTicketOutcome) -> Self {
        match outcome {
            UpdateTicketOutcome::Updated(_) => Self::Updated,
            UpdateTicketOutcome::TicketNotFound => Self::NotFound,
            UpdateTicketOutcome::VersionMismatch => Self::OtherVersion,
            UpdateTicketOutcome::CustomerNotFound
            | UpdateTicketOutcome::AssigneeNotFound
            | UpdateTicketOutcome::AssigneeDeactivated => Self::Refused,
        }
    }

    fn of_deletion(outcome: DeleteTicketOutcome) -> Self {
        match outcome {
            DeleteTicketOutcome::Deleted => Self::Deleted,
            DeleteTicketOutcome::TicketNotFound => Self::NotFound,
            DeleteTicketOutcome::VersionMismatch => Self::OtherVersion,
        }
    }
}

/// COMMENT-13: racing comments and updates take effect before the deletion of their ticket, or find
/// no ticket.
pub async fn comment_13_racing_deletion_leaves_no_comment(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    const TICKETS: usize = 5;
    const RACERS: usize = 7;

    let fixture = Arc::new(ShopWithPeople::create(&*storage, "shop.example.com").await?);
    let shop = fixture.shop.id;
    let (mut deleted_tickets, mut deleted_comments) = (Vec::new(), BTreeSet::new());
    for round in 0..FEW_ROUNDS {
        let first = i64::try_from(round * 1_000)? + 1;
        let mut tickets = Vec::new();
        for id in first..first + i64::try_from(TICKETS)? {
            let ticket = fixture.ticket(id)?;
            create_ticket(&*storage, creation(ticket.clone())).await?;
            tickets.push(ticket);
        }
        let results = race(TICKETS * RACERS, |racer| {
            let (storage, ticket) = (Arc::clone(&storage), tickets[racer % TICKETS].clone());
            async move {
                let number = first + i64::try_from(racer)?;
                let effect = match racer / TICKETS {
                    // In the middle, so that some racers come before it and some after.
                    3 => Effect::of_deletion(
                        storage.delete_ticket(shop, ticket.id, None, stamp(at(13))).await?,
                    ),
                    1 | 5 => {
                        let name = Some(Some(format!("{racer}")));
                        let changes = TicketChanges { name, ..TicketChanges::default() };
                        Effect::of_update(attempt_update(&*storage, shop, ticket.id, update(changes)).await?)
                    }
                    _ => {
                        let comment = comment_creation(new_comment(number, &ticket)?);
                        match attempt_comment(&*storage, comment).await? {
                            IdempotentOutcome::Ran(CreateCommentOutcome::Created(_)) => Effect::Updated,
                            IdempotentOutcome::Ran(CreateCommentOutcome::TicketNotFound) => Effect::NotFound,
                            other => anyhow::bail!("a racing comment returned {other:?}"),
                        }
                    }
                };
                Ok((ticket.id, effect))
            }
        })
        .await?;
        let (log, _) = settled_log(&*storage, shop, stamp(at(0))).await?;
        for ticket in &tickets {
            let count =
                |wanted: Effect| results.iter().filter(|result| **result == (ticket.id, wanted)).count();
            same("the number of deletions of a ticket", &count(Effect::Deleted), &1)?;
            let others = count(Effect::Updated) + count(Effect::NotFound);
            same("the number of other racers for a ticket", &others, &(RACERS - 1))?;
            expect_no_ticket(&*storage, "the deleted ticket", shop, ticket.id).await?;
            let comments = storage.list_comments(shop, ticket.id, None, PageSize::MAX).await?;
            same("the comments of the deleted ticket", &comments, &None)?;
            let logged = |kind| {
                let subject = Subject::Ticket(ticket.id);
                log.iter().filter(|event| event.kind == kind && event.subject == subject).count()
            };
            same("the number of logged deletions", &logged(EventKind::TicketDeleted), &1)?;
            same("the number of logged updates", &logged(EventKind::TicketUpdated), &count(Effect::Updated))?;
        }
        let comments = |kind: EventKind| -> BTreeSet<_> {
            log.iter().filter(|event| event.kind == kind).map(|event| event.subject).collect()
        };
        let (created, deleted) = (comments(EventKind::CommentCreated), comments(EventKind::CommentDeleted));
        same("the comments that were deleted, and created", &deleted, &created)?;
        deleted_comments = created;
        deleted_tickets = tickets;
    }
    again(&*storage, shop, &deleted_tickets, &deleted_comments).await
}

/// Creates the tickets again, and one comment with each of their ids, and deletes them. Nothing of
/// the deleted ones is left.
async fn again(
    storage: &dyn Storage,
    shop: ShopId,
    tickets: &[Ticket],
    comments: &BTreeSet<Subject>,
) -> anyhow::Result<()> {
    for ticket in tickets {
        create_ticket(storage, creation(ticket.clone())).await?;
        let found = find_ticket(storage, shop, ticket.id).await?.ticket;
        same("a new ticket with the id of a deleted one", &found, ticket)?;
        let listed = storage.list_comments(shop, ticket.id, None, PageSize::MAX).await?;
        let listed = listed.context("a new ticket")?.entries;
        same("its comments", &listed, &Vec::new())?;
    }
    for (subject, ticket) in comments.iter().zip(tickets.iter().cycle()) {
        if let Subject::Comment(id) = subject {
            create_comment(storage, comment_creation(new_comment(id.get(), ticket)?)).await?;
        }
    }
    for ticket in tickets {
        storage.delete_ticket(shop, ticket.id, None, stamp(at(13))).await?;
    }
    Ok(())
}
