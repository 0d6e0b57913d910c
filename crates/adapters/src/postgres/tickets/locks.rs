//! Locks tickets that a transaction changes.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{ShopId, TicketId};

use crate::postgres::unnest::{Lookup, Rows, column};
use crate::sql::customers::CustomerRow;
use crate::sql::tickets::TicketRow;

/// The maximum number of attempts to lock a ticket with its customer. Updates can move it meanwhile.
const ATTEMPTS: usize = 3;

/// Locks the existing tickets until the transaction ends, in order of shop and id. Locks their
/// customers first, against erasure. The idempotency record may refer to a customer, and an erasure
/// locks the customer first too.
pub(in crate::postgres) async fn lock_tickets(
    connection: &mut AsyncPgConnection,
    tickets: &BTreeSet<(ShopId, TicketId)>,
) -> QueryResult<Vec<(TicketRow, CustomerRow)>> {
    let mut locked = lock(connection, tickets).await?;
    if locked.len() < tickets.len() {
        // A merge can move a ticket to another customer while this waits for its customer.
        let found: BTreeSet<_> = locked.iter().map(|(ticket, _)| (ticket.shop_id, ticket.id)).collect();
        let missing = tickets.iter().filter(|(shop, id)| !found.contains(&(shop.get(), id.get())));
        locked.extend(lock(connection, &missing.copied().collect()).await?);
    }
    Ok(locked)
}

async fn lock(
    connection: &mut AsyncPgConnection,
    tickets: &BTreeSet<(ShopId, TicketId)>,
) -> QueryResult<Vec<(TicketRow, CustomerRow)>> {
    if tickets.is_empty() {
        return Ok(Vec::new());
    }
    let mut locked = Vec::new();
    for _ in 0..ATTEMPTS {
        let lookup = Lookup {
            selection: <(TicketRow, CustomerRow)>::as_select(),
            from: " FROM (
                SELECT customers.*, wanted.id AS ticket_id FROM ",
            rows: Rows {
                shops: tickets.iter().map(|(shop, _)| shop.get()).collect(),
                columns: column::<BigInt, _>(tickets.iter().map(|(_, id)| id.get())),
            },
            // The sort locks all customers before the first ticket.
            after: " AS wanted (shop_id, id)
                CROSS JOIN LATERAL (
                    SELECT customer_id FROM tickets
                    WHERE shop_id = wanted.shop_id AND id = wanted.id LIMIT 1
                ) AS ticket
                CROSS JOIN LATERAL (
                    SELECT * FROM customers
                    WHERE shop_id = wanted.shop_id AND id = ticket.customer_id FOR KEY SHARE
                ) AS customers
                ORDER BY wanted.shop_id, wanted.id
            ) AS customers
            CROSS JOIN LATERAL (
                SELECT * FROM tickets
                WHERE shop_id = {customers.shop_id} AND id = customers.ticket_id FOR NO KEY UPDATE
            ) AS tickets",
        };
        locked = lookup.load(connection).await?;
        // A ticket that was moved before it was locked comes with its former customer.
        let is_current = |(ticket, customer): &(TicketRow, CustomerRow)| ticket.customer_id == customer.id;
        if locked.iter().all(is_current) {
            break;
        }
    }
    Ok(locked)
}
