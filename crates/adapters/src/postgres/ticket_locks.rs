//! Tickets that are kept to a transaction, to be changed or commented on.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{ShopId, TicketId};

/// A ticket that no other transaction can change.
#[derive(Debug, Queryable)]
pub(super) struct LockedTicket {
    pub(super) id: i64,
    pub(super) version: i64,
    pub(super) channel: String,
    pub(super) is_opened: bool,
    pub(super) has_human_ticket: bool,
}

/// Keeps those of the shop's tickets that are there to the transaction until it ends, in
/// order of id; and their customers, first, as far as they cannot be erased: the transaction
/// may need one for an idempotency record, and an erasure takes the customer first, too.
pub(super) async fn lock_tickets(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    tickets: impl IntoIterator<Item = TicketId>,
) -> QueryResult<Vec<LockedTicket>> {
    let ids = tickets.into_iter().map(TicketId::get).collect();
    LockTickets { shop: shop.get(), ids }.load(connection).await
}

#[derive(Debug, QueryId)]
struct LockTickets {
    shop: i64,
    ids: Vec<i64>,
}

impl Query for LockTickets {
    type SqlType = (BigInt, BigInt, Text, Bool, Bool);
}

impl QueryFragment<Pg> for LockTickets {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // The inner lock is taken while the tickets are looked up, the outer one when all are.
        out.push_sql(
            "SELECT ticket.id, ticket.version, ticket.channel, ticket.is_opened,
                ticket.human_ticket_id IS NOT NULL
            FROM tickets ticket
            CROSS JOIN LATERAL (
                SELECT customer.id FROM customers customer
                WHERE customer.shop_id = ticket.shop_id AND customer.id = ticket.customer_id
                FOR KEY SHARE
            ) customer
            WHERE ticket.shop_id = ",
        );
        out.push_bind_param::<BigInt, _>(&self.shop)?;
        out.push_sql(" AND ticket.id = ANY (");
        out.push_bind_param::<Array<BigInt>, _>(&self.ids)?;
        out.push_sql(") ORDER BY ticket.id FOR NO KEY UPDATE OF ticket");
        Ok(())
    }
}
