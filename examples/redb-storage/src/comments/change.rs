//! Updates and deletes a comment, and changes its ticket.

use anyhow::Context;
use hexdesk_domain::ports::{CommentUpdate, DeleteCommentOutcome, UpdateCommentOutcome};
use hexdesk_domain::{
    AuditStamp, Comment, CommentId, CommentView, Message, NewEvent, ShopId, Ticket, TicketId, TicketSnapshot,
};
use redb::{ReadableTable, Table, WriteTransaction};

use super::{key_of, range};
use crate::encoding::{decode, encode, find};
use crate::events::EventLog;
use crate::tables::{
    COMMENT_IDS, COMMENTS, CUSTOMERS, HUMAN_TICKET_BY_TICKET, HUMAN_TICKETS, Record, RecordKey, USERS,
};
use crate::tickets::TicketTables;
use crate::{idempotency, tickets};

type Records<'transaction> = Table<'transaction, RecordKey, Record>;

/// Updates a comment. All checks come before all writes.
pub(super) fn update(
    transaction: &WriteTransaction,
    records: &mut Records<'_>,
    (shop, ticket, id): (ShopId, TicketId, CommentId),
    update: CommentUpdate,
) -> anyhow::Result<UpdateCommentOutcome> {
    let CommentUpdate { changes, expected_version, stamp } = update;
    let Some(ticket) = TicketTables::open(transaction)?.find(shop, ticket)? else {
        return Ok(UpdateCommentOutcome::TicketNotFound);
    };
    if expected_version.is_some_and(|version| version != ticket.version) {
        return Ok(UpdateCommentOutcome::VersionMismatch);
    }
    let Some(before) = comment_of(transaction, &ticket, id)? else {
        return Ok(UpdateCommentOutcome::CommentNotFound);
    };
    let mut after = before.clone();
    changes.apply(&mut after);
    if after.lacks_text() {
        return Ok(UpdateCommentOutcome::TextMissing);
    }
    if after != before {
        transaction.open_table(COMMENTS)?.insert(key_of(&after), encode(&after)?.as_slice())?;
        follow(transaction, records, &ticket, &before, Some(&after), stamp)?;
    }
    let customer = find(&transaction.open_table(CUSTOMERS)?, shop, ticket.customer_id.get())?
        .context("a ticket's customer is missing")?;
    let author = match after.author_id {
        Some(user) => {
            let users = transaction.open_table(USERS)?;
            Some(find(&users, shop, user.get())?.context("a comment's author is missing")?)
        }
        None => None,
    };
    Ok(UpdateCommentOutcome::Updated(Box::new(CommentView { comment: after, customer, author })))
}

/// Deletes a comment.
pub(super) fn delete(
    transaction: &WriteTransaction,
    records: &mut Records<'_>,
    (shop, ticket, id): (ShopId, TicketId, CommentId),
    expected_version: Option<i64>,
    stamp: AuditStamp,
) -> anyhow::Result<DeleteCommentOutcome> {
    let Some(ticket) = TicketTables::open(transaction)?.find(shop, ticket)? else {
        return Ok(DeleteCommentOutcome::TicketNotFound);
    };
    if expected_version.is_some_and(|version| version != ticket.version) {
        return Ok(DeleteCommentOutcome::VersionMismatch);
    }
    let Some(before) = comment_of(transaction, &ticket, id)? else {
        return Ok(DeleteCommentOutcome::CommentNotFound);
    };
    transaction.open_table(COMMENTS)?.remove(key_of(&before))?;
    transaction.open_table(COMMENT_IDS)?.remove((shop.get(), id.get()))?;
    follow(transaction, records, &ticket, &before, None, stamp)?;
    Ok(DeleteCommentOutcome::Deleted)
}

/// Returns the comment of the ticket.
fn comment_of(
    transaction: &WriteTransaction,
    ticket: &Ticket,
    id: CommentId,
) -> anyhow::Result<Option<Comment>> {
    let (shop, ids) = (ticket.shop_id.get(), transaction.open_table(COMMENT_IDS)?);
    let Some((of_ticket, time)) = ids.get((shop, id.get()))?.map(|place| place.value()) else {
        return Ok(None);
    };
    if of_ticket != ticket.id.get() {
        return Ok(None);
    }
    let comments = transaction.open_table(COMMENTS)?;
    let stored = comments.get((shop, of_ticket, time, id.get()))?.context("an indexed comment is missing")?;
    decode(stored.value()).map(Some)
}

/// Changes the ticket of a changed or deleted comment, removes an old text, and appends the events.
fn follow(
    transaction: &WriteTransaction,
    records: &mut Records<'_>,
    ticket: &Ticket,
    before: &Comment,
    after: Option<&Comment>,
    stamp: AuditStamp,
) -> anyhow::Result<()> {
    let mut latest_other: Option<Message> = None;
    for entry in transaction.open_table(COMMENTS)?.range(range(ticket.shop_id, ticket.id, None))? {
        let other: Comment = decode(entry?.1.value())?;
        if other.id != before.id
            && let Some(message) = Message::of(&other)
            && latest_other.as_ref().is_none_or(|latest| message.rank(stamp.time) > latest.rank(stamp.time))
        {
            latest_other = Some(message);
        }
    }
    let changed = ticket.after_changed_comment(before, after, latest_other, stamp.time);
    TicketTables::open(transaction)?.replace(ticket, &changed)?;
    let mut log = EventLog::open(transaction)?;
    if after.is_none_or(|after| after.text != before.text) && !before.text.is_empty() {
        log.remove_text(before)?;
        idempotency::remove_text(records, before)?;
    }
    let human_ticket = tickets::find_human_ticket(
        &transaction.open_table(HUMAN_TICKETS)?,
        &transaction.open_table(HUMAN_TICKET_BY_TICKET)?,
        ticket.shop_id,
        ticket.id,
    )?;
    let of_comment = match after {
        Some(after) => NewEvent::comment_updated(after.clone()),
        None => NewEvent::comment_deleted(before.id),
    };
    let of_ticket = NewEvent::ticket_updated(TicketSnapshot { ticket: changed, human_ticket });
    log.append(ticket.shop_id, stamp, [of_comment, of_ticket])
}
