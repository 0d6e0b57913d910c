//! Queries that read the same on both databases: written once, without a backend.

use diesel::dsl::auto_type;
use diesel::prelude::*;

use crate::schema::{customers, human_tickets, tickets, users};

/// One shop's ticket with its customer, assignee and human ticket.
#[auto_type]
pub(crate) fn ticket_view(shop: i64, id: i64) -> _ {
    tickets::table
        .inner_join(
            customers::table
                .on(customers::shop_id.eq(tickets::shop_id).and(customers::id.eq(tickets::customer_id))),
        )
        .left_join(
            users::table
                .on(users::shop_id.eq(tickets::shop_id).and(users::id.nullable().eq(tickets::assigned_to))),
        )
        .left_join(
            human_tickets::table.on(human_tickets::shop_id
                .eq(tickets::shop_id)
                .and(human_tickets::ticket_id.eq(tickets::id))),
        )
        .filter(tickets::shop_id.eq(shop).and(tickets::id.eq(id)))
}
