//! Creates tickets in a database that is distributed by shop, shop by shop in one transaction.
//!
//! Citus sends a statement to the node of the shop if it compares the shop of each table with a
//! value. It does not accept inserts in a part of a statement. So this takes several statements,
//! which take their locks in the same order as the one statement for a plain server.

use std::collections::HashSet;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{BigInt, Bool, Nullable};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::TicketCreation;
use hexdesk_domain::{EventKind, IdempotencyClaim, ShopId, Snapshot};

use super::ItemRow;
use crate::postgres::counters::count_change;
use crate::postgres::events::append::insert_events;
use crate::postgres::layout::by_shop;
use crate::postgres::record_key::RecordKey;
use crate::postgres::search::vectors::{Words, WordsOf};
use crate::postgres::unnest::{Lookup, Rows, column};
use crate::sql::events::NewEventRow;
use crate::sql::idempotency::IdempotencyRow;
use crate::sql::schema::{idempotency_records, tickets};
use crate::sql::tickets::TicketRow;
use crate::sql::types::StoredTimestamp;

/// Creates the tickets. No two have the same idempotency key.
pub(super) async fn create(
    connection: &mut AsyncPgConnection,
    items: &[&TicketCreation],
) -> QueryResult<Vec<ItemRow>> {
    connection
        .transaction(async |connection| {
            let mut created = Vec::new();
            for (shop, items) in by_shop(items.iter().copied(), |item| item.ticket.shop_id) {
                let (places, items): (Vec<usize>, Vec<&TicketCreation>) = items.into_iter().unzip();
                let rows = create_of(connection, shop, &items).await?;
                created.extend(rows.into_iter().zip(places).map(|(row, place)| ItemRow {
                    ordinal: i64::try_from(place).unwrap_or(i64::MAX).saturating_add(1),
                    ..row
                }));
            }
            Ok(created)
        })
        .await
}

/// Creates tickets of one shop. Must run in a transaction.
async fn create_of(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    items: &[&TicketCreation],
) -> QueryResult<Vec<ItemRow>> {
    let mut rows = look_up(connection, items).await?;
    let valid = rows.iter_mut().zip(items).filter(|(row, _)| row.has_customer && row.has_assignee);
    let mut valid: Vec<(&mut ItemRow, &TicketCreation)> = valid.map(|(row, item)| (row, *item)).collect();
    let claimed = claim(connection, valid.iter().map(|(_, item)| *item)).await?;
    valid.retain(|(_, item)| super::key_of(item).is_none_or(|key| claimed.contains(&key)));
    if !valid.is_empty() {
        let opened = valid.iter().filter(|(_, item)| item.ticket.is_opened).count();
        let counted = count_change(connection, shop, opened).await?;
        let mut next_human_ticket = counted.human_tickets - i64::try_from(opened).unwrap_or(i64::MAX) + 1;
        let (mut created, mut events) = (Vec::new(), Vec::new());
        for (row, item) in valid {
            row.is_created = true;
            let mut ticket = TicketRow::from(item.ticket.clone());
            if ticket.is_opened {
                ticket.human_ticket_id = Some(next_human_ticket);
                ticket.human_ticket_opened_at = Some(StoredTimestamp(item.stamp.time));
                next_human_ticket += 1;
            }
            let snapshot =
                ticket.clone().try_into().map_err(|error| Error::SerializationError(Box::new(error)))?;
            let snapshot = Snapshot::Ticket(Box::new(snapshot));
            let event = NewEventRow::new(shop, EventKind::TicketCreated, snapshot, item.stamp);
            events.push(event.map_err(|error| Error::SerializationError(error.into()))?);
            created.push((ticket, WordsOf(tickets::table).eq(Words::of_ticket(&item.ticket))));
        }
        diesel::insert_into(tickets::table).values(created).execute(connection).await?;
        insert_events(connection, counted.changes, events).await?;
    }
    Ok(rows)
}

/// Looks up the customer and the assignee of each ticket. Locks the customer against erasure, and the
/// assignee against a deactivation.
async fn look_up(connection: &mut AsyncPgConnection, items: &[&TicketCreation]) -> QueryResult<Vec<ItemRow>> {
    let lookup = Lookup {
        selection: sql::<(BigInt, Bool, Bool, Bool)>(
            "place, customer.found IS TRUE, assigned_to IS NULL OR assignee.found IS TRUE, FALSE",
        ),
        from: " FROM ",
        rows: Rows {
            shops: items.iter().map(|item| item.ticket.shop_id.get()).collect(),
            columns: (
                column::<BigInt, _>(items.iter().map(|item| item.ticket.customer_id.get())),
                column::<Nullable<BigInt>, _>(
                    items.iter().map(|item| item.ticket.assigned_to.map(|user| user.get())),
                ),
            ),
        },
        after: " AS item (shop_id, customer_id, assigned_to, unused, place)
            LEFT JOIN LATERAL (SELECT TRUE AS found FROM customers
                WHERE shop_id = {item.shop_id} AND id = item.customer_id FOR KEY SHARE) AS customer ON TRUE
            LEFT JOIN LATERAL (SELECT TRUE AS found FROM users
                WHERE shop_id = {item.shop_id} AND id = item.assigned_to AND deactivated_at IS NULL
                FOR SHARE) AS assignee ON TRUE
            ORDER BY place",
    };
    lookup.load(connection).await
}

/// Writes the idempotency records of these tickets, and returns the keys that were free.
async fn claim(
    connection: &mut AsyncPgConnection,
    items: impl Iterator<Item = &TicketCreation>,
) -> QueryResult<HashSet<RecordKey>> {
    let records = items.filter_map(|item| {
        let IdempotencyClaim { request, receipt } = item.idempotency.as_ref()?;
        Some(IdempotencyRow::new(item.ticket.shop_id, request, receipt.clone(), item.stamp.time))
    });
    let mut records: Vec<IdempotencyRow> = records.collect();
    if records.is_empty() {
        return Ok(HashSet::new());
    }
    // Sorted, so that no two batches wait for each other.
    records.sort_unstable_by(|one, other| {
        (&one.idempotency_key, &one.operation).cmp(&(&other.idempotency_key, &other.operation))
    });
    let claimed: Vec<RecordKey> = diesel::insert_into(idempotency_records::table)
        .values(records)
        .on_conflict_do_nothing()
        .returning(RecordKey::as_select())
        .get_results(connection)
        .await?;
    Ok(claimed.into_iter().collect())
}
