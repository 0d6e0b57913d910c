//! Closed tickets that a customer's comment opens again.

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome};
use hexdesk_domain::{
    EventKind, HumanTicket, IdempotentOutcome, NewComment, ShopChange, ShopId, Snapshot, Storage, Subject,
    Ticket, TicketChanges, TicketSnapshot, TicketView, Timestamp, UserId,
};

use crate::comparison::same;
use crate::events::settled_log::settled_log;
use crate::samples::shop_with_tickets::{ShopContents, ShopWithTickets};
use crate::samples::{
    at, attempt_comment, comment_creation, create_comment, deferred_claim, find_ticket, new_comment, stamp,
    ticket_id, update, update_ticket, user_id,
};

/// COMMENT-20: if the shop has `reopen_on_reply`, a customer's comment opens a closed ticket.
pub async fn comment_20_reply_opens_closed_ticket(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let fixtures = ShopWithTickets::pair(storage, "example.com").await?;
    let [one, two] = &fixtures;
    let mut ids = 1_000..;
    for fixture in &fixtures {
        expect_replies(storage, fixture, &mut ids, false).await?;
    }
    storage.change_shop(&one.people.shop.domain, ShopChange::SetReopenOnReply(true), stamp(at(0))).await?;
    expect_replies(storage, one, &mut ids, true).await?;
    expect_replies(storage, two, &mut ids, false).await?;
    what_is_not_created_opens_nothing(storage, one).await?;
    in_one_batch(storage, &fixtures).await?;
    opening_is_logged_once(storage, one.shop()).await?;
    // Every human ticket of a shop has a number of its own.
    ShopContents::of(storage, &fixtures).await?;
    storage.change_shop(&one.people.shop.domain, ShopChange::SetReopenOnReply(false), stamp(at(0))).await?;
    expect_replies(storage, one, &mut ids, false).await
}

/// A comment from the customer, created at this time.
fn reply(id: i64, ticket: &Ticket, now: Timestamp) -> anyhow::Result<CommentCreation> {
    let comment = NewComment { is_from_shop: false, ..new_comment(id, ticket)? };
    Ok(CommentCreation { stamp: stamp(now), ..comment_creation(comment) })
}

async fn close(storage: &dyn Storage, shop: ShopId, id: i64) -> anyhow::Result<TicketView> {
    let closed = TicketChanges { is_opened: Some(false), ..TicketChanges::default() };
    update_ticket(storage, shop, ticket_id(id)?, update(closed)).await
}

/// The human ticket after a ticket was opened at this time. The store assigns a new number.
fn opened(
    before: &TicketView,
    after: &TicketView,
    opened_at: Timestamp,
) -> anyhow::Result<Option<HumanTicket>> {
    let number = before.human_ticket.as_ref().or(after.human_ticket.as_ref());
    let id = number.context("an opened ticket without a human ticket")?.id;
    Ok(Some(HumanTicket::opened(id, opened_at)))
}

/// Adds comments to every ticket of the shop, which may have been closed before. Only a customer's
/// message opens one, and only if `opens`.
async fn expect_replies(
    storage: &dyn Storage,
    fixture: &ShopWithTickets,
    ids: &mut std::ops::RangeFrom<i64>,
    opens: bool,
) -> anyhow::Result<()> {
    let shop = fixture.shop();
    for id in ShopWithTickets::ALL {
        let ticket = find_ticket(storage, shop, ticket_id(id)?).await?.ticket;
        let last = ticket.last_message_time;
        for (is_note, is_from_shop, time) in [
            (true, false, last),
            (false, true, last),
            (true, true, last),
            (false, false, last),
            // An old message opens it, too.
            (false, false, Timestamp::MIN),
        ] {
            if id != ShopWithTickets::PLAIN {
                close(storage, shop, id).await?;
            }
            let before = find_ticket(storage, shop, ticket_id(id)?).await?;
            let comment_id = ids.next().context("an id")?;
            let new = NewComment { is_note, is_from_shop, time, ..new_comment(comment_id, &ticket)? };
            let creation = comment_creation(new);
            let now = creation.stamp.time;
            let text = creation.comment.text.clone();
            create_comment(storage, creation).await?;
            let after = find_ticket(storage, shop, ticket_id(id)?).await?;
            let mut expected = before.clone();
            expected.ticket.version += 1;
            if !is_note {
                if time == last {
                    expected.ticket.replace_last_message(Some(text), time);
                }
                if !is_from_shop {
                    expected.ticket.unread_count = 1;
                    if opens && !before.ticket.is_opened {
                        expected.ticket.is_opened = true;
                        expected.human_ticket = opened(&before, &after, now)?;
                    }
                }
            }
            let what = format!(
                "ticket {id} after a comment (note: {is_note}, from the shop: {is_from_shop}) \
                 in a shop with `reopen_on_reply`: {opens}"
            );
            same(&what, &after, &expected)?;
        }
    }
    Ok(())
}

/// Comments that are refused or replayed open nothing.
async fn what_is_not_created_opens_nothing(
    storage: &dyn Storage,
    fixture: &ShopWithTickets,
) -> anyhow::Result<()> {
    let shop = fixture.shop();
    let id = ShopWithTickets::SILENT;
    let ticket = close(storage, shop, id).await?.ticket;
    let with_key = |id| {
        let claim = Some(deferred_claim("reply", 1, b"receipt")?);
        anyhow::Ok(CommentCreation { claim, ..reply(id, &ticket, at(50))? })
    };
    create_comment(storage, with_key(5_000)?).await?;
    let closed = close(storage, shop, id).await?;
    let mut of_nobody = reply(5_001, &ticket, at(50))?;
    of_nobody.comment.author_id = Some(user_id(UserId::MAX)?);
    for (creation, outcome) in [
        (of_nobody, IdempotentOutcome::Ran(CreateCommentOutcome::AuthorNotFound)),
        (with_key(5_002)?, IdempotentOutcome::Replayed(b"receipt".to_vec())),
    ] {
        same("a comment that is not created", &attempt_comment(storage, creation).await?, &outcome)?;
        same("the closed ticket", &find_ticket(storage, shop, ticket_id(id)?).await?, &closed)?;
    }
    Ok(())
}

/// The first customer's message of a batch opens the ticket. Several tickets of the batch get
/// different numbers. The other shop's ticket stays closed.
async fn in_one_batch(storage: &dyn Storage, fixtures: &[ShopWithTickets; 2]) -> anyhow::Result<()> {
    let mut tickets = Vec::new();
    for (fixture, id) in [(&fixtures[0], 20), (&fixtures[0], 21), (&fixtures[1], 22)] {
        let ticket = fixture.people.ticket(id)?;
        storage.create_tickets(vec![crate::samples::creation(ticket.clone())]).await?;
        tickets.push(ticket);
    }
    let mut batch = Vec::new();
    for (ticket, first) in tickets.iter().zip([6_000, 6_100, 6_200]) {
        let mut items = Vec::new();
        for (id, millis) in (first..).zip(100..104) {
            items.push(reply(id, ticket, at(millis))?);
        }
        items[0].comment.is_from_shop = true;
        items[1].comment.is_note = true;
        batch.extend(items);
    }
    let count = batch.len();
    let created = storage.create_comments(batch).await?;
    ensure!(created.len() == count, "a batch of {count} returned {} outcomes", created.len());
    for (ticket, opens) in tickets.iter().zip([true, true, false]) {
        let found = find_ticket(storage, ticket.shop_id, ticket.id).await?;
        same("whether the ticket is open after a batch", &found.ticket.is_opened, &opens)?;
        same("the version after a batch", &found.ticket.version, &5)?;
        let opened_at = found.human_ticket.map(|human_ticket| human_ticket.opened_at);
        same("when its human ticket was opened", &opened_at, &opens.then_some(at(102)))?;
    }
    Ok(())
}

/// A reply that opens a ticket has the events of any comment, and the ticket's snapshot is open.
async fn opening_is_logged_once(storage: &dyn Storage, shop: ShopId) -> anyhow::Result<()> {
    let ticket = close(storage, shop, ShopWithTickets::CLOSED).await?.ticket;
    let (before, _) = settled_log(storage, shop, stamp(at(0))).await?;
    create_comment(storage, reply(7_000, &ticket, at(60))?).await?;
    let TicketView { ticket, human_ticket, .. } = find_ticket(storage, shop, ticket.id).await?;
    let (log, _) = settled_log(storage, shop, stamp(at(0))).await?;
    // The change that settled the log comes first.
    let new: Vec<_> = log.into_iter().skip(before.len() + 1).collect();
    let mut kinds: Vec<_> = new.iter().map(|event| event.kind).collect();
    kinds.sort();
    same("the events of a reply", &kinds, &vec![EventKind::TicketUpdated, EventKind::CommentCreated])?;
    let updated = new.into_iter().find(|event| event.subject == Subject::Ticket(ticket.id));
    let snapshot = updated.and_then(|event| event.snapshot);
    let expected = Snapshot::Ticket(Box::new(TicketSnapshot { ticket, human_ticket }));
    same("the snapshot of an opened ticket", &snapshot, &Some(expected))
}
