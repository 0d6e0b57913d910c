//! Updates and deletes a comment, and changes its ticket. Must run in a transaction.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{CommentUpdate, DeleteCommentOutcome, UpdateCommentOutcome};
use hexdesk_domain::{
    AuditStamp, Comment, CommentId, CommentView, EventKind, Message, ShopId, Snapshot, TicketId,
    TicketSnapshot, Timestamp, json_string,
};

use crate::postgres::errors::Failure;
use crate::postgres::events::append::append;
use crate::postgres::search::vectors::{Words, WordsOf};
use crate::postgres::tickets::locks::lock_tickets;
use crate::sql::comments::{
    CommentChangeset, CommentViewRow, MessageRow, comment_view, comment_view_columns, message,
};
use crate::sql::events::NewEventRow;
use crate::sql::queries;
use crate::sql::schema::{comments, tickets};
use crate::sql::tickets::MessageChangeset;
use crate::sql::types::StoredTimestamp;

pub(super) async fn update(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    ticket: TicketId,
    id: CommentId,
    update: CommentUpdate,
) -> Result<UpdateCommentOutcome, Failure> {
    let CommentUpdate { changes, expected_version, stamp } = update;
    let Some(ticket) = lock(connection, shop, ticket).await? else {
        return Ok(UpdateCommentOutcome::TicketNotFound);
    };
    if expected_version.is_some_and(|expected| expected != ticket.ticket.version) {
        return Ok(UpdateCommentOutcome::VersionMismatch);
    }
    let Some(view) = find(connection, shop, ticket.ticket.id, id).await? else {
        return Ok(UpdateCommentOutcome::CommentNotFound);
    };
    let mut after = view.comment.clone();
    changes.clone().apply(&mut after);
    if after.lacks_text() {
        return Ok(UpdateCommentOutcome::TextMissing);
    }
    if after != view.comment {
        let words = WordsOf(comments::table).eq(Words::of_others(shop, after.words()));
        diesel::update(comments::table.find((shop.get(), id.get())))
            .set((CommentChangeset::from(changes), words))
            .execute(connection)
            .await?;
        follow(connection, ticket, &view.comment, Some(&after), stamp).await?;
    }
    Ok(UpdateCommentOutcome::Updated(Box::new(CommentView { comment: after, ..view })))
}

pub(super) async fn delete(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    ticket: TicketId,
    id: CommentId,
    expected_version: Option<i64>,
    stamp: AuditStamp,
) -> Result<DeleteCommentOutcome, Failure> {
    let Some(ticket) = lock(connection, shop, ticket).await? else {
        return Ok(DeleteCommentOutcome::TicketNotFound);
    };
    if expected_version.is_some_and(|expected| expected != ticket.ticket.version) {
        return Ok(DeleteCommentOutcome::VersionMismatch);
    }
    let Some(view) = find(connection, shop, ticket.ticket.id, id).await? else {
        return Ok(DeleteCommentOutcome::CommentNotFound);
    };
    diesel::delete(comments::table.find((shop.get(), id.get()))).execute(connection).await?;
    follow(connection, ticket, &view.comment, None, stamp).await?;
    Ok(DeleteCommentOutcome::Deleted)
}

/// Locks the ticket, so that its comments and its last message stay as they are.
async fn lock(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    ticket: TicketId,
) -> Result<Option<TicketSnapshot>, Failure> {
    let locked = lock_tickets(connection, &BTreeSet::from([(shop, ticket)])).await?.pop();
    Ok(locked.map(|(ticket, _)| ticket.try_into()).transpose()?)
}

async fn find(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    ticket: TicketId,
    id: CommentId,
) -> Result<Option<CommentView>, Failure> {
    let row: Option<CommentViewRow> = queries::comment_list(shop.get(), ticket.get())
        .filter(comments::id.eq(id.get()))
        .select(comment_view_columns())
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.map(comment_view).transpose()?)
}

/// Changes the ticket of a changed or deleted comment, removes an old text, and appends the events.
async fn follow(
    connection: &mut AsyncPgConnection,
    TicketSnapshot { ticket, human_ticket }: TicketSnapshot,
    before: &Comment,
    after: Option<&Comment>,
    stamp: AuditStamp,
) -> Result<(), Failure> {
    let shop = before.shop_id;
    let other =
        if ticket.may_show(before) { latest_other(connection, before, stamp.time).await? } else { None };
    let changed = ticket.after_changed_comment(before, after, other, stamp.time);
    diesel::update(tickets::table.find((shop.get(), ticket.id.get())))
        .set(MessageChangeset::between(&ticket, &changed))
        .execute(connection)
        .await?;
    if after.is_none_or(|after| after.text != before.text) && !before.text.is_empty() {
        remove_text(connection, before).await?;
    }
    let of_comment = match after {
        Some(after) => {
            let snapshot = Snapshot::Comment(Box::new(after.clone()));
            NewEventRow::new(shop, EventKind::CommentUpdated, snapshot, stamp)?
        }
        None => NewEventRow::of_deleted(shop, EventKind::CommentDeleted, before.id.get(), stamp.into()),
    };
    let snapshot = Snapshot::Ticket(Box::new(TicketSnapshot { ticket: changed, human_ticket }));
    let of_ticket = NewEventRow::new(shop, EventKind::TicketUpdated, snapshot, stamp)?;
    append(connection, [of_comment, of_ticket]).await?;
    Ok(())
}

/// The latest other message of the ticket, those from the future last.
async fn latest_other(
    connection: &mut AsyncPgConnection,
    comment: &Comment,
    now: Timestamp,
) -> Result<Option<Message>, Failure> {
    let (shop, ticket, id) = (comment.shop_id.get(), comment.ticket_id.get(), comment.id.get());
    let now = StoredTimestamp(now);
    let past = queries::other_messages(shop, ticket, id).filter(comments::time.le(now));
    let mut found: Option<MessageRow> = past.first(connection).await.optional()?;
    if found.is_none() {
        found = queries::other_messages(shop, ticket, id).first(connection).await.optional()?;
    }
    Ok(found.map(message).transpose()?)
}

/// Removes the text of a comment from the log and from the kept responses (COMMENT-19).
async fn remove_text(connection: &mut AsyncPgConnection, comment: &Comment) -> QueryResult<()> {
    // In the order of the log, like the removal of old events, so that the two cannot deadlock.
    diesel::sql_query(
        "UPDATE events SET snapshot = NULL, customer_id = NULL WHERE shop_id = $1 AND (change, part) IN (
            SELECT change, part FROM events
            WHERE shop_id = $1 AND customer_id = $2 AND snapshot IS NOT NULL AND CASE
                WHEN kind LIKE 'comment.%' THEN subject_id = $3
                WHEN kind LIKE 'ticket.%' AND subject_id = $4
                    THEN (snapshot::json ->> 'last_message') = $5
                ELSE FALSE END
            ORDER BY change, part FOR NO KEY UPDATE
        )",
    )
    .bind::<BigInt, _>(comment.shop_id.get())
    .bind::<BigInt, _>(comment.customer_id.get())
    .bind::<BigInt, _>(comment.id.get())
    .bind::<BigInt, _>(comment.ticket_id.get())
    .bind::<Text, _>(&comment.text)
    .execute(connection)
    .await?;
    diesel::sql_query(
        "UPDATE idempotency_records SET receipt = ''
        WHERE shop_id = $1 AND customer_id = $2 AND position($3 IN receipt) > 0",
    )
    .bind::<BigInt, _>(comment.shop_id.get())
    .bind::<BigInt, _>(comment.customer_id.get())
    .bind::<Binary, _>(json_string(&comment.text).into_bytes())
    .execute(connection)
    .await?;
    Ok(())
}
