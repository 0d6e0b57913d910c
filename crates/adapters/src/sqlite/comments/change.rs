//! Updates and deletes a comment, and changes its ticket.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::{CommentUpdate, DeleteCommentOutcome, UpdateCommentOutcome};
use hexdesk_domain::{
    AuditStamp, Comment, CommentId, CommentView, EventKind, Message, ShopId, Snapshot, TicketId,
    TicketSnapshot, Timestamp, json_string,
};

use crate::sql::comments::{
    CommentChangeset, CommentViewRow, MessageRow, comment_view, comment_view_columns, message,
};
use crate::sql::queries;
use crate::sql::schema::{comments, tickets};
use crate::sql::tickets::{MessageChangeset, TicketRow};
use crate::sql::types::StoredTimestamp;
use crate::sqlite::events::append::EventLog;
use crate::sqlite::presence::has_present_customer;
use crate::sqlite::search::index;

/// Updates a comment. Every refusal comes before the first write.
pub(super) fn update(
    connection: &mut SqliteConnection,
    shop: ShopId,
    ticket: TicketId,
    id: CommentId,
    update: CommentUpdate,
) -> anyhow::Result<UpdateCommentOutcome> {
    let CommentUpdate { changes, expected_version, stamp } = update;
    let Some(ticket) = find_ticket(connection, shop, ticket)? else {
        return Ok(UpdateCommentOutcome::TicketNotFound);
    };
    if expected_version.is_some_and(|expected| expected != ticket.ticket.version) {
        return Ok(UpdateCommentOutcome::VersionMismatch);
    }
    let Some(view) = find(connection, shop, ticket.ticket.id, id)? else {
        return Ok(UpdateCommentOutcome::CommentNotFound);
    };
    let mut after = view.comment.clone();
    changes.clone().apply(&mut after);
    if after.lacks_text() {
        return Ok(UpdateCommentOutcome::TextMissing);
    }
    if after != view.comment {
        diesel::update(comments::table.find((shop.get(), id.get())))
            .set(CommentChangeset::from(changes))
            .execute(connection)?;
        follow(connection, ticket, &view.comment, Some(&after), stamp)?;
    }
    Ok(UpdateCommentOutcome::Updated(Box::new(CommentView { comment: after, ..view })))
}

/// Deletes a comment.
pub(super) fn delete(
    connection: &mut SqliteConnection,
    shop: ShopId,
    ticket: TicketId,
    id: CommentId,
    expected_version: Option<i64>,
    stamp: AuditStamp,
) -> anyhow::Result<DeleteCommentOutcome> {
    let Some(ticket) = find_ticket(connection, shop, ticket)? else {
        return Ok(DeleteCommentOutcome::TicketNotFound);
    };
    if expected_version.is_some_and(|expected| expected != ticket.ticket.version) {
        return Ok(DeleteCommentOutcome::VersionMismatch);
    }
    let Some(view) = find(connection, shop, ticket.ticket.id, id)? else {
        return Ok(DeleteCommentOutcome::CommentNotFound);
    };
    diesel::delete(comments::table.find((shop.get(), id.get()))).execute(connection)?;
    follow(connection, ticket, &view.comment, None, stamp)?;
    Ok(DeleteCommentOutcome::Deleted)
}

fn find_ticket(
    connection: &mut SqliteConnection,
    shop: ShopId,
    ticket: TicketId,
) -> anyhow::Result<Option<TicketSnapshot>> {
    let row: Option<TicketRow> = tickets::table
        .find((shop.get(), ticket.get()))
        .filter(has_present_customer())
        .select(TicketRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}

fn find(
    connection: &mut SqliteConnection,
    shop: ShopId,
    ticket: TicketId,
    id: CommentId,
) -> anyhow::Result<Option<CommentView>> {
    let row: Option<CommentViewRow> = queries::comment_list(shop.get(), ticket.get())
        .filter(comments::id.eq(id.get()))
        .select(comment_view_columns())
        .get_result(connection)
        .optional()?;
    Ok(row.map(comment_view).transpose()?)
}

/// Changes the ticket of a changed or deleted comment, removes an old text, and appends the events.
fn follow(
    connection: &mut SqliteConnection,
    TicketSnapshot { ticket, human_ticket }: TicketSnapshot,
    before: &Comment,
    after: Option<&Comment>,
    stamp: AuditStamp,
) -> anyhow::Result<()> {
    let shop = before.shop_id;
    let other = if ticket.may_show(before) { latest_other(connection, before, stamp.time)? } else { None };
    let changed = ticket.after_changed_comment(before, after, other, stamp.time);
    diesel::update(tickets::table.find((shop.get(), ticket.id.get())))
        .set(MessageChangeset::between(&ticket, &changed))
        .execute(connection)?;
    if after.is_none_or(|after| after.text != before.text) {
        if !before.text.is_empty() {
            remove_text(connection, before)?;
        }
        index::replace_comment(connection, before, after)?;
    }
    let mut log = EventLog::default();
    match after {
        Some(after) => {
            let snapshot = Snapshot::Comment(Box::new(after.clone()));
            log.append(connection, shop, EventKind::CommentUpdated, snapshot, stamp)?;
        }
        None => {
            let (kind, number) = (EventKind::CommentDeleted, before.id.get());
            log.append_gone(connection, shop, kind, number, stamp.into())?;
        }
    }
    let snapshot = Snapshot::Ticket(Box::new(TicketSnapshot { ticket: changed, human_ticket }));
    log.append(connection, shop, EventKind::TicketUpdated, snapshot, stamp)
}

/// The latest other message of the ticket, those from the future last.
fn latest_other(
    connection: &mut SqliteConnection,
    comment: &Comment,
    now: Timestamp,
) -> anyhow::Result<Option<Message>> {
    let (shop, ticket, id) = (comment.shop_id.get(), comment.ticket_id.get(), comment.id.get());
    let past = queries::other_messages(shop, ticket, id).filter(comments::time.le(StoredTimestamp(now)));
    let mut found: Option<MessageRow> = past.first(connection).optional()?;
    if found.is_none() {
        found = queries::other_messages(shop, ticket, id).first(connection).optional()?;
    }
    Ok(found.map(message).transpose()?)
}

/// Removes the text of a comment from the log and from the kept responses (COMMENT-19).
fn remove_text(connection: &mut SqliteConnection, comment: &Comment) -> QueryResult<()> {
    let (shop, ticket, id) = (comment.shop_id.get(), comment.ticket_id.get(), comment.id.get());
    diesel::sql_query(
        "UPDATE events SET snapshot = NULL, customer_id = NULL
        WHERE shop_id = ? AND subject_id IN (?, ?) AND snapshot IS NOT NULL AND CASE
            WHEN kind LIKE 'comment.%' THEN subject_id = ?
            WHEN kind LIKE 'ticket.%' AND subject_id = ? THEN json_extract(snapshot, '$.last_message') = ?
            ELSE FALSE END",
    )
    .bind::<BigInt, _>(shop)
    .bind::<BigInt, _>(id)
    .bind::<BigInt, _>(ticket)
    .bind::<BigInt, _>(id)
    .bind::<BigInt, _>(ticket)
    .bind::<Text, _>(&comment.text)
    .execute(connection)?;
    // Looks at all records of all shops in an index, because records are kept for hours only.
    diesel::sql_query(
        "UPDATE idempotency_records SET receipt = x''
        WHERE instr(receipt, ?) > 0 AND rowid IN (
            SELECT rowid FROM idempotency_records INDEXED BY idempotency_records_by_age
            WHERE shop_id = ? AND customer_id = ?
        )",
    )
    .bind::<Binary, _>(json_string(&comment.text).into_bytes())
    .bind::<BigInt, _>(shop)
    .bind::<BigInt, _>(comment.customer_id.get())
    .execute(connection)?;
    Ok(())
}
