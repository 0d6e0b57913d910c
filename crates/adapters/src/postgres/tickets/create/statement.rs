//! The statement that creates a batch of tickets.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text};
use hexdesk_domain::IdempotencyClaim;
use hexdesk_domain::ports::TicketCreation;

use crate::postgres::counters::CountedShops;
use crate::postgres::search::vectors::{TsVector, Words};
use crate::sql::events::StampRow;
use crate::sql::idempotency::IdempotencyRow;
use crate::sql::tickets::TicketRow;
use crate::sql::types::{Instant, RequestUuid, StoredRequestId, StoredTexts, StoredTimestamp, TextList};

/// The items of a batch as one array per column. The statement is the same for batches of any size,
/// so it is prepared once.
#[derive(Debug, Default, QueryId)]
pub(super) struct CreateTickets {
    shop_id: Vec<i64>,
    id: Vec<i64>,
    customer_id: Vec<i64>,
    channel: Vec<String>,
    name: Vec<Option<String>>,
    thread_id: Vec<Option<String>>,
    email_used: Vec<Option<String>>,
    date: Vec<StoredTimestamp>,
    last_message: Vec<Option<String>>,
    last_message_time: Vec<StoredTimestamp>,
    contact_reason: Vec<Option<String>>,
    assigned_to: Vec<Option<i64>>,
    is_opened: Vec<bool>,
    unread_count: Vec<i32>,
    tags: Vec<StoredTexts>,
    language_code: Vec<Option<String>>,
    via: Vec<Option<String>>,
    version: Vec<i64>,
    actor_key: Vec<Option<i64>>,
    actor_user: Vec<Option<i64>>,
    created_at: Vec<StoredTimestamp>,
    request_id: Vec<Option<StoredRequestId>>,
    snapshot_beginning: Vec<String>,
    operation: Vec<Option<String>>,
    idempotency_key: Vec<Option<String>>,
    fingerprint: Vec<Option<Vec<u8>>>,
    receipt: Vec<Option<Vec<u8>>>,
    receipt_customer_id: Vec<Option<i64>>,
    words: Vec<Words>,
    shops: CountedShops,
    shop_place: Vec<i32>,
    /// How many open tickets of the same shop follow in the batch; `None` if the ticket is closed.
    human_tickets_after: Vec<Option<i64>>,
}

impl CreateTickets {
    pub(super) fn new<'a>(
        items: impl DoubleEndedIterator<Item = &'a TicketCreation> + Clone,
    ) -> Result<Self, serde_json::Error> {
        let shops = CountedShops::of(items.clone().map(|item| item.ticket.shop_id.get()));
        let mut columns = Self { shops, ..Self::default() };
        for item in items.clone().rev() {
            let shop = item.ticket.shop_id.get();
            let position = item.ticket.is_opened.then(|| columns.shops.add_human_ticket(shop));
            columns.human_tickets_after.push(position.map(|position| position - 1));
        }
        columns.human_tickets_after.reverse();
        for item in items {
            columns.words.push(Words::of_ticket(&item.ticket));
            let ticket = TicketRow::from(item.ticket.clone());
            let StampRow { actor_key, actor_user, time, request_id } = item.stamp.into();
            columns.snapshot_beginning.push(beginning_of_snapshot(&ticket, time)?);
            columns.actor_key.push(actor_key);
            columns.actor_user.push(actor_user);
            columns.created_at.push(time);
            columns.request_id.push(request_id);
            // Lists every field: a new column does not compile until it is added here. The
            // statement itself sets the columns of the human ticket.
            let TicketRow {
                shop_id,
                id,
                customer_id,
                channel,
                name,
                thread_id,
                email_used,
                date,
                last_message,
                last_message_time,
                // The message of a new ticket is its last one.
                initial_message: _,
                initial_message_time: _,
                contact_reason,
                assigned_to,
                is_opened,
                unread_count,
                tags,
                language_code,
                via,
                version,
                human_ticket_id: _,
                human_ticket_opened_at: _,
                human_ticket_closed_at: _,
            } = ticket;
            columns.shop_id.push(shop_id);
            columns.shop_place.push(columns.shops.place(shop_id));
            columns.id.push(id);
            columns.customer_id.push(customer_id);
            columns.channel.push(channel);
            columns.name.push(name);
            columns.thread_id.push(thread_id);
            columns.email_used.push(email_used);
            columns.date.push(date);
            columns.last_message.push(last_message);
            columns.last_message_time.push(last_message_time);
            columns.contact_reason.push(contact_reason);
            columns.assigned_to.push(assigned_to);
            columns.is_opened.push(is_opened);
            columns.unread_count.push(unread_count);
            columns.tags.push(tags);
            columns.language_code.push(language_code);
            columns.via.push(via);
            columns.version.push(version);
            let record = item.idempotency.as_ref().map(|IdempotencyClaim { request, receipt }| {
                IdempotencyRow::new(item.ticket.shop_id, request, receipt.clone(), item.stamp.time)
            });
            columns.operation.push(record.as_ref().map(|record| record.operation.clone()));
            columns.idempotency_key.push(record.as_ref().map(|record| record.idempotency_key.clone()));
            columns.fingerprint.push(record.as_ref().map(|record| record.fingerprint.clone()));
            columns.receipt_customer_id.push(record.as_ref().and_then(|record| record.customer_id));
            columns.receipt.push(record.map(|record| record.receipt));
        }
        Ok(columns)
    }
}

impl Query for CreateTickets {
    type SqlType = (BigInt, Bool, Bool, Bool);
}

impl QueryFragment<Pg> for CreateTickets {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // A subquery hides the number of items from the planner. It would otherwise plan again for
        // each batch below its estimate.
        out.push_sql("WITH item AS (SELECT * FROM unnest((SELECT ");
        out.push_bind_param::<Array<BigInt>, _>(&self.shop_id)?;
        out.push_sql("), ");
        out.push_bind_param::<Array<BigInt>, _>(&self.id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.customer_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.channel)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.name)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.thread_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.email_used)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Instant>, _>(&self.date)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.last_message)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Instant>, _>(&self.last_message_time)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.contact_reason)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.assigned_to)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Bool>, _>(&self.is_opened)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.unread_count)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<TextList>, _>(&self.tags)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.language_code)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.via)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.version)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.actor_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.actor_user)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Instant>, _>(&self.created_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<RequestUuid>>, _>(&self.request_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.snapshot_beginning)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.operation)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.idempotency_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Binary>>, _>(&self.fingerprint)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Binary>>, _>(&self.receipt)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.receipt_customer_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<TsVector>, _>(&self.words)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.shop_place)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.human_tickets_after)?;
        out.push_sql(LOOK_UP_AND_CLAIM);
        // Refers to the created items, so it runs after all locks are taken.
        self.shops.walk("WHERE (SELECT count(*) FROM created) > 0", out.reborrow())?;
        out.push_sql(INSERT);
        Ok(())
    }
}

/// The statement after the columns, up to the counters. It sees the database as of its start, except
/// for locked rows and conflicting keys. A claim waits for a transaction that claims the same key,
/// and returns no row if that transaction committed. Existing records are not read first, because
/// few requests are retries. A retry may leave a gap in the numbers of human tickets.
///
/// Customers and assignees are locked here, because their foreign keys would be checked after the
/// counters are locked.
///
/// Assignees are locked: a deactivation waits for the tickets, and a ticket for the deactivation.
///
/// Items are wide, so they are materialized once and identified by their ordinals. Without the
/// `LIMIT`s PostgreSQL may read all customers of all shops to look up ten.
const LOOK_UP_AND_CLAIM: &str = ") WITH ORDINALITY AS item (
    shop_id, id, customer_id, channel, name, thread_id, email_used, date, last_message,
    last_message_time, contact_reason, assigned_to, is_opened, unread_count, tags,
    language_code, via, version, actor_key, actor_user, created_at, request_id,
    snapshot_beginning, operation, idempotency_key, fingerprint, receipt, receipt_customer_id, words,
    shop_place, human_tickets_after, ordinal
)), looked_up AS (
    SELECT item.*, customer.found AS has_customer,
        item.assigned_to IS NULL OR assignee.found AS has_assignee
    FROM item
    LEFT JOIN LATERAL (SELECT TRUE AS found FROM customers
        WHERE shop_id = item.shop_id AND id = item.customer_id LIMIT 1 FOR KEY SHARE) AS customer ON TRUE
    LEFT JOIN LATERAL (SELECT TRUE AS found FROM users
        WHERE shop_id = item.shop_id AND id = item.assigned_to AND deactivated_at IS NULL
        LIMIT 1 FOR SHARE) AS assignee ON TRUE
), claim AS (
    -- Sorted, so that no two batches wait for each other.
    INSERT INTO idempotency_records
        (shop_id, operation, idempotency_key, fingerprint, receipt, customer_id, created_at)
    SELECT shop_id, operation, idempotency_key, fingerprint, receipt, receipt_customer_id, created_at
    FROM looked_up WHERE has_customer AND has_assignee AND idempotency_key IS NOT NULL
    ORDER BY shop_id, idempotency_key, operation
    ON CONFLICT DO NOTHING
    RETURNING shop_id, operation, idempotency_key
), created AS (
    SELECT ordinal FROM looked_up WHERE has_customer AND has_assignee AND (idempotency_key IS NULL
        OR (shop_id, operation, idempotency_key) IN (SELECT * FROM claim))
), ";

/// The statement after the counters.
const INSERT: &str = ", ticket AS (
    INSERT INTO tickets
        (shop_id, id, customer_id, channel, name, thread_id, email_used, date, last_message,
        last_message_time, contact_reason, assigned_to, is_opened, unread_count, tags,
        language_code, via, version, human_ticket_id, human_ticket_opened_at, words)
    SELECT shop_id, id, customer_id, channel, name, thread_id, email_used, date, last_message,
        last_message_time, contact_reason, assigned_to, is_opened, unread_count, tags,
        language_code, via, version, (SELECT human_tickets FROM counters)[shop_place] - human_tickets_after,
        CASE WHEN is_opened THEN created_at END, words
    FROM looked_up WHERE (ordinal IN (SELECT * FROM created)) IS TRUE
), event AS (
    INSERT INTO events
        (shop_id, change, part, kind, subject_id, actor_key, actor_user, time, request_id, customer_id,
        snapshot)
    SELECT shop_id, (SELECT changes FROM counters)[shop_place], ordinal, 'ticket.created', id, actor_key,
        actor_user, created_at, request_id, customer_id, snapshot_beginning || coalesce(
            ((SELECT human_tickets FROM counters)[shop_place] - human_tickets_after)::text, '') || '}'
    FROM looked_up WHERE (ordinal IN (SELECT * FROM created)) IS TRUE
)
SELECT ordinal, has_customer IS TRUE, has_assignee IS TRUE, ordinal IN (SELECT * FROM created)
FROM looked_up";

/// The beginning of the JSON snapshot of a new ticket, up to the number of its human ticket. The
/// statement appends that number, if the ticket is open, and the closing brace. `opened_at` is the
/// time at which the human ticket is opened.
fn beginning_of_snapshot(
    ticket: &TicketRow,
    opened_at: StoredTimestamp,
) -> Result<String, serde_json::Error> {
    let mut json = serde_json::to_string(ticket)?;
    json.pop();
    if ticket.is_opened {
        let opened_at = i64::from(opened_at);
        json.push_str(&format!(r#","human_ticket_opened_at":{opened_at},"human_ticket_id":"#));
    }
    Ok(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_is_prepared_once_for_batches_of_any_size() {
        let statement = CreateTickets::default();
        assert!(CreateTickets::query_id().is_some());
        assert!(QueryFragment::<Pg>::is_safe_to_cache_prepared(&statement, &Pg).unwrap());
    }
}
