//! The obligation of [`TicketStore`](hexdesk_domain::TicketStore) on the effects of a deletion.

use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::ports::DeleteTicketOutcome::{Deleted, TicketNotFound};
use hexdesk_domain::ports::{CreateCommentOutcome, CreateTicketOutcome, UpdateTicketOutcome};
use hexdesk_domain::{
    IdempotentOutcome, NewComment, PageSize, Storage, Ticket, TicketChanges, TicketFilter, Timestamp,
};

use crate::cases::ticket_lists::{create_all, expect_list_and_count, some_filters, whole_list};
use crate::comparison::same;
use crate::samples::shop_with_tickets::{CREATED, ShopContents, ShopWithTickets};
use crate::samples::{
    ShopWithPeople, at, attempt_comment, attempt_update, claim, claimed, comment_creation, create_comment,
    create_ticket, creation, expect_no_ticket, new_comment, stamp, ticket_id, update,
};

/// TICKET-23: removes the ticket, its human ticket and its comments, and nothing else.
pub async fn ticket_23_deletion_takes_the_ticket_alone(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    each_ticket_is_deleted_alone(&*storage).await?;
    lists_and_counts_follow(&*storage).await?;
    the_id_is_free_again(&*storage).await?;
    records_stay(&*storage).await?;
    a_long_conversation_is_deleted_completely(&*storage).await
}

async fn each_ticket_is_deleted_alone(storage: &dyn Storage) -> anyhow::Result<()> {
    let fixtures = ShopWithTickets::pair(storage, "alone.example.com").await?;
    let [one, two] = &fixtures;
    for (fixture, id) in [
        (one, ShopWithTickets::PLAIN),
        (one, ShopWithTickets::FULL),
        (two, ShopWithTickets::CLOSED),
        (one, ShopWithTickets::SILENT),
    ]
    .into_iter()
    .chain([
        (two, ShopWithTickets::SILENT),
        (one, ShopWithTickets::CLOSED),
        (two, ShopWithTickets::FULL),
        (two, ShopWithTickets::PLAIN),
    ]) {
        let (shop, id) = (fixture.shop(), ticket_id(id)?);
        let before = ShopContents::of(storage, &fixtures).await?;
        let version = before.view(shop, id)?.ticket.version;
        let expected_version = (id.get() % 2 == 0).then_some(version);
        same(
            "a deletion",
            &storage.delete_ticket(shop, id, expected_version, stamp(at(13))).await?,
            &Deleted,
        )?;
        let after = before.without(shop, id);
        after.expect(storage, &fixtures, "a deletion").await?;

        expect_no_ticket(storage, "a deleted ticket", shop, id).await?;
        same(
            "the comments of a deleted ticket",
            &storage.list_comments(shop, id, None, PageSize::MAX).await?,
            &None,
        )?;
        same("the comment count of a deleted ticket", &storage.count_comments(shop, id).await?, &None)?;
        for expected_version in [None, Some(version), Some(version + 1)] {
            let outcome = storage.delete_ticket(shop, id, expected_version, stamp(at(13))).await?;
            same("a second deletion", &outcome, &TicketNotFound)?;
        }
        let name = TicketChanges { name: Some(Some("late".into())), ..TicketChanges::default() };
        let outcome = attempt_update(storage, shop, id, update(name)).await?;
        same("an update of a deleted ticket", &outcome, &UpdateTicketOutcome::TicketNotFound)?;
        let comment = new_comment(5_000, &fixture.people.ticket(id.get())?)?;
        let attempt = attempt_comment(storage, comment_creation(comment)).await?;
        same(
            "a comment on a deleted ticket",
            &attempt,
            &IdempotentOutcome::Ran(CreateCommentOutcome::TicketNotFound),
        )?;
        after.expect(storage, &fixtures, "calls about a deleted ticket").await?;
    }
    Ok(())
}

async fn lists_and_counts_follow(storage: &dyn Storage) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(storage, "lists.example.com").await?;
    let mut tickets = Vec::new();
    for id in 1..=16 {
        tickets.push(Ticket {
            // Several tickets share a time.
            last_message_time: at(id / 3),
            date: at(-id),
            assigned_to: (id % 3 == 0).then_some(fixture.user.id),
            is_opened: id % 4 < 2,
            unread_count: i32::try_from(id % 2)?,
            tags: vec!["tag".into(), "tag".into(), format!("tag {id}")],
            ..fixture.ticket(id)?
        });
    }
    create_all(storage, &tickets).await?;
    let mut place = 7;
    while !tickets.is_empty() {
        place = (place + 5) % tickets.len();
        let deleted = tickets.remove(place);
        same(
            "a deletion",
            &storage.delete_ticket(fixture.shop.id, deleted.id, None, stamp(at(13))).await?,
            &Deleted,
        )?;
        for filter in some_filters(&fixture) {
            let listed = expect_list_and_count(storage, fixture.shop.id, &filter, &tickets).await;
            listed.context("after a deletion")?;
        }
    }
    Ok(())
}

/// A new ticket with the id of a deleted one has none of its data.
async fn the_id_is_free_again(storage: &dyn Storage) -> anyhow::Result<()> {
    let fixtures = ShopWithTickets::pair(storage, "reused.example.com").await?;
    for fixture in &fixtures {
        for id in ShopWithTickets::ALL {
            let (shop, before) = (fixture.shop(), ShopContents::of(storage, &fixtures).await?);
            let comments = before.comments(shop, ticket_id(id)?);
            same(
                "a deletion",
                &storage.delete_ticket(shop, ticket_id(id)?, None, stamp(at(13))).await?,
                &Deleted,
            )?;
            let reused = Ticket {
                name: Some("reused".into()),
                is_opened: id == ShopWithTickets::SILENT,
                last_message_time: at(id),
                ..fixture.people.ticket(id)?
            };
            same("a ticket", &create_ticket(storage, creation(reused.clone())).await?, &CREATED)?;
            let now = ShopContents::of(storage, &fixtures).await?;
            let view = now.view(shop, reused.id)?;
            same("the new ticket with a deleted one's id", &view.ticket, &reused)?;
            same("the number of comments of the new ticket", &now.comments(shop, reused.id), &0)?;
            let opened = view.human_ticket.as_ref().map(|it| (it.opened_at, it.closed_at));
            same("the human ticket of the new ticket", &opened, &reused.is_opened.then_some((at(7), None)))?;
            // The ids of the deleted comments are free, too.
            for place in 0..i64::try_from(comments)? {
                let comment = new_comment(id * 100 + place, &reused)?;
                create_comment(storage, comment_creation(comment)).await?;
            }
            let now = ShopContents::of(storage, &fixtures).await?;
            same(
                "the number of comments created with the ids of deleted ones",
                &now.comments(shop, reused.id),
                &comments,
            )?;
        }
    }
    Ok(())
}

/// The record of a deleted ticket's creation stays, so a retry does not create it again.
async fn records_stay(storage: &dyn Storage) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(storage, "receipts.example.com").await?;
    for id in [1, 2] {
        let ticket = Ticket { is_opened: true, ..fixture.ticket(id)? };
        let item = claimed(ticket.clone(), claim(&format!("key {id}"), 1, b"receipt")?);
        same("a ticket", &create_ticket(storage, item.clone()).await?, &CREATED)?;
        same(
            "a deletion",
            &storage.delete_ticket(fixture.shop.id, ticket.id, None, stamp(at(13))).await?,
            &Deleted,
        )?;
        let outcome = create_ticket(storage, item).await?;
        same("its repeated creation", &outcome, &CreateTicketOutcome::Replayed(b"receipt".to_vec()))?;
        expect_no_ticket(storage, "the deleted ticket", fixture.shop.id, ticket.id).await?;
    }
    Ok(())
}

async fn a_long_conversation_is_deleted_completely(storage: &dyn Storage) -> anyhow::Result<()> {
    const COUNT: i64 = 250;
    let fixture = ShopWithPeople::create(storage, "long.example.com").await?;
    let (long, other) = (fixture.ticket(1)?, fixture.ticket(2)?);
    create_all(storage, &[long.clone(), other.clone()]).await?;
    let mut batch = Vec::new();
    for id in 1..=COUNT {
        // The other ticket's comments are between them, in the order of ids and of times.
        for (ticket, id) in [(&long, id * 2), (&other, id * 2 + 1)] {
            let time = if id % 50 == 0 { Timestamp::MAX } else { at(id) };
            batch.push(comment_creation(NewComment { time, ..new_comment(id, ticket)? }));
        }
    }
    storage.create_comments(batch).await?;
    let before = storage.list_comments(fixture.shop.id, other.id, None, PageSize::MAX).await?;
    same(
        "a deletion",
        &storage.delete_ticket(fixture.shop.id, long.id, None, stamp(at(13))).await?,
        &Deleted,
    )?;
    same(
        "the other ticket's comments",
        &storage.list_comments(fixture.shop.id, other.id, None, PageSize::MAX).await?,
        &before,
    )?;
    same(
        "the count of the other ticket's comments",
        &storage.count_comments(fixture.shop.id, other.id).await?,
        &Some(COUNT as u64),
    )?;
    let left = whole_list(storage, fixture.shop.id, &TicketFilter::default()).await?;
    same("the number of remaining tickets", &left.len(), &1)?;
    create_all(storage, std::slice::from_ref(&long)).await?;
    let count = storage.count_comments(fixture.shop.id, long.id).await?;
    same("the comment count of a new ticket with the deleted one's id", &count, &Some(0))
}
