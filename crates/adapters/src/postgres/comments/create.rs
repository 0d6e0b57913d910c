//! Creates a batch of comments and changes their tickets, in one transaction. Each changed ticket and
//! each released key is a statement. The number of other statements does not depend on the size of
//! the batch.

mod locked_batch;
mod reopening;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join_all;
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome};
use hexdesk_domain::{DeferredClaim, IdempotentOutcome};

use self::locked_batch::{LockedBatch, LockedTicket};
use crate::postgres::errors::Failure;
use crate::postgres::events::append::append;
use crate::postgres::idempotency::{claim_keys, complete, held, recorded_outcome, release};
use crate::postgres::layout::{Layout, by_shop};
use crate::postgres::record_key::RecordKey;
use crate::postgres::search::vectors::{TsVector, Words, WordsOf};
use crate::postgres::unnest::{Change, Rows, column};
use crate::sql::comments::CommentRow;
use crate::sql::idempotency::{IdempotencyRow, RecordedAnswer};
use crate::sql::schema::comments;
use crate::sql::tickets::TicketRow;
use crate::sql::types::{Instant, TextList};

/// Creates the comments of a batch. If another transaction holds a key for too long, its comment is
/// left out with the outcome `InProgress`.
pub(super) async fn create(
    connection: &mut AsyncPgConnection,
    layout: Layout,
    batch: &[CommentCreation],
) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, Failure> {
    let mut left_out = BTreeSet::new();
    loop {
        let attempted = connection
            .transaction(async |connection| match layout {
                Layout::OneServer => create_unless(&left_out, connection, layout, batch).await,
                Layout::ByShop => create_by_shop(&left_out, connection, batch).await,
            })
            .await;
        let Err(Failure::NotClaimed { keys, cause }) = attempted else { return attempted };
        let held = held(&keys, &cause, connection).await;
        if held.is_empty() {
            return Err(Failure::NotClaimed { keys, cause });
        }
        left_out.extend(held);
    }
}

/// Creates the comments shop by shop, except those with a key in `held`.
async fn create_by_shop(
    held: &BTreeSet<RecordKey>,
    connection: &mut AsyncPgConnection,
    batch: &[CommentCreation],
) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, Failure> {
    let mut outcomes = BTreeMap::new();
    for items in by_shop(batch.to_vec(), |item| item.comment.shop_id).into_values() {
        let (places, items): (Vec<usize>, Vec<CommentCreation>) = items.into_iter().unzip();
        outcomes
            .extend(places.into_iter().zip(create_unless(held, connection, Layout::ByShop, &items).await?));
    }
    Ok(outcomes.into_values().collect())
}

/// Creates the comments, except those with a key in `held`. All batches take their locks in the
/// same order: keys, customers, tickets, authors. So no two batches wait for each other.
async fn create_unless(
    held: &BTreeSet<RecordKey>,
    connection: &mut AsyncPgConnection,
    layout: Layout,
    batch: &[CommentCreation],
) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, Failure> {
    let keys = batch.iter().filter_map(keyed).map(|(key, _)| key);
    let claimed: BTreeSet<RecordKey> = keys.filter(|key| !held.contains(key)).collect();
    let recorded = claim_keys(connection, &claimed).await?;
    // The record of a used key; `None` if the first request has not ended.
    let mut used: HashMap<RecordKey, Option<RecordedAnswer>> =
        recorded.into_iter().map(|(key, recorded)| (key, Some(recorded))).collect();
    used.extend(held.iter().map(|key| (key.clone(), None)));
    let is_open = |item: &&CommentCreation| keyed(item).is_none_or(|(key, _)| !used.contains_key(&key));
    let mut locked = LockedBatch::lock(connection, batch.iter().filter(is_open)).await?;
    let mut records = Vec::new();
    let mut attempts = Vec::with_capacity(batch.len());
    for item in batch {
        let keyed = keyed(item);
        if let Some((key, claim)) = &keyed
            && let Some(used) = used.get(key)
        {
            let answered = used.as_ref().map(|recorded| recorded_outcome(recorded, &claim.request));
            attempts.push(answered.unwrap_or(IdempotentOutcome::InProgress));
            continue;
        }
        let outcome = locked.add(item)?;
        if let Some((key, claim)) = keyed
            && let Some(receipt) = (claim.receipt)(&outcome)
        {
            let record =
                IdempotencyRow::new(item.comment.shop_id, &claim.request, receipt, claim.requested_at);
            let IdempotencyRow { fingerprint, receipt, .. } = record.clone();
            used.insert(key, Some(RecordedAnswer { fingerprint, receipt }));
            records.push(record);
        }
        attempts.push(IdempotentOutcome::Ran(outcome));
    }
    reopening::open_tickets(connection, layout, &mut locked).await?;
    locked.change_tickets()?;
    reopening::write_opened(connection, locked.tickets.values()).await?;
    let connection = &*connection;
    // All statements are sent before the first result arrives.
    let results = tokio::join!(
        release(connection, claimed.iter().filter(|key| !used.contains_key(key))),
        complete(connection, &records),
        insert_comments(connection, layout, &locked.comments),
        update_tickets(connection, locked.tickets.values()),
        append(connection, locked.events),
    );
    cause_of(results.into())?;
    Ok(attempts)
}

/// Returns the error of the statement that failed. The statements after it fail, too, because their
/// transaction has ended. The driver has no kind for that.
fn cause_of(results: [QueryResult<()>; 5]) -> QueryResult<()> {
    let mut errors: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    let has_kind = |error: &Error| !matches!(error, Error::DatabaseError(DatabaseErrorKind::Unknown, _));
    match errors.iter().position(has_kind).or((!errors.is_empty()).then_some(0)) {
        Some(cause) => Err(errors.swap_remove(cause)),
        None => Ok(()),
    }
}

/// The idempotency key of a comment, if its caller named one.
fn keyed(item: &CommentCreation) -> Option<(RecordKey, &DeferredClaim<CreateCommentOutcome>)> {
    let claim = item.claim.as_ref()?;
    Some((RecordKey::new(item.comment.shop_id, &claim.request), claim))
}

async fn insert_comments(
    mut connection: &AsyncPgConnection,
    layout: Layout,
    comments: &[(CommentRow, Words)],
) -> QueryResult<()> {
    if comments.is_empty() {
        return Ok(());
    }
    if layout == Layout::ByShop {
        // From arrays, Citus would copy the rows to the node and report a taken id as an error
        // without a kind.
        let rows = comments.iter().map(|(row, words)| (row, WordsOf(comments::table).eq(words)));
        diesel::insert_into(comments::table)
            .values(rows.collect::<Vec<_>>())
            .execute(&mut connection)
            .await?;
        return Ok(());
    }
    let rows = || comments.iter().map(|(comment, _)| comment);
    let change = Change {
        before: "INSERT INTO comments
            (shop_id, id, ticket_id, text, time, channel, is_from_shop, is_note, author_id, subject,
            from_email, to_emails, attachments, tags, words)
            SELECT shop_id, id, ticket_id, text, time, channel, is_from_shop, is_note, author_id, subject,
                from_email, to_emails, attachments, tags, words
            FROM ",
        rows: Rows {
            shops: rows().map(|comment| comment.shop_id).collect(),
            columns: (
                column::<BigInt, _>(rows().map(|comment| comment.id)),
                column::<BigInt, _>(rows().map(|comment| comment.ticket_id)),
                column::<Text, _>(rows().map(|comment| &comment.text)),
                column::<Instant, _>(rows().map(|comment| comment.time)),
                column::<Text, _>(rows().map(|comment| &comment.channel)),
                column::<Bool, _>(rows().map(|comment| comment.is_from_shop)),
                column::<Bool, _>(rows().map(|comment| comment.is_note)),
                column::<Nullable<BigInt>, _>(rows().map(|comment| comment.author_id)),
                column::<Nullable<Text>, _>(rows().map(|comment| comment.subject.as_ref())),
                column::<Nullable<Text>, _>(rows().map(|comment| comment.from_email.as_ref())),
                column::<TextList, _>(rows().map(|comment| &comment.to_emails)),
                column::<Nullable<Text>, _>(rows().map(|comment| comment.attachments.as_ref())),
                column::<TextList, _>(rows().map(|comment| &comment.tags)),
                column::<TsVector, _>(comments.iter().map(|(_, words)| words)),
            ),
        },
        after: " AS comment (shop_id, id, ticket_id, text, time, channel, is_from_shop, is_note, author_id, subject,
            from_email, to_emails, attachments, tags, words)",
    };
    change.run(connection).await?;
    Ok(())
}

/// Writes the changes of locked tickets.
async fn update_tickets(
    connection: &AsyncPgConnection,
    locked: impl Iterator<Item = &LockedTicket>,
) -> QueryResult<()> {
    let changed = locked.filter(|locked| locked.before.version != locked.now.ticket.version);
    let updated = changed.map(async |LockedTicket { before, now, .. }| {
        let replaces_first = before.initial_message.is_none() && now.ticket.initial_message.is_some();
        let update = UpdateTicket { replaces_first, row: now.ticket.clone().into() };
        update.execute(&mut &*connection).await
    });
    try_join_all(updated).await?;
    Ok(())
}

/// Writes the changes of one ticket. A statement for several would have to join them: with a plan
/// made while the table was empty, that could read the whole table. The first message is in the row,
/// so it is not sent again.
#[derive(Debug, QueryId)]
struct UpdateTicket {
    replaces_first: bool,
    row: TicketRow,
}

impl QueryFragment<Pg> for UpdateTicket {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("UPDATE tickets SET initial_message = CASE WHEN ");
        out.push_bind_param::<Bool, _>(&self.replaces_first)?;
        out.push_sql(" THEN last_message ELSE initial_message END, initial_message_time = CASE WHEN ");
        out.push_bind_param::<Bool, _>(&self.replaces_first)?;
        out.push_sql(" THEN last_message_time ELSE initial_message_time END, last_message = ");
        out.push_bind_param::<Nullable<Text>, _>(&self.row.last_message)?;
        out.push_sql(", last_message_time = ");
        out.push_bind_param::<Instant, _>(&self.row.last_message_time)?;
        out.push_sql(", unread_count = ");
        out.push_bind_param::<Integer, _>(&self.row.unread_count)?;
        out.push_sql(", version = ");
        out.push_bind_param::<BigInt, _>(&self.row.version)?;
        out.push_sql(" WHERE shop_id = ");
        out.push_bind_param::<BigInt, _>(&self.row.shop_id)?;
        out.push_sql(" AND id = ");
        out.push_bind_param::<BigInt, _>(&self.row.id)
    }
}
