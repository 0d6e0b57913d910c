//! Tickets that are kept to a transaction, to be changed or commented on.

use diesel::dsl::auto_type;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};

use crate::schema::{customers, tickets};

/// Tickets of one shop, each with its customer.
#[auto_type]
pub(super) fn tickets_with_customers(shop: i64) -> _ {
    tickets::table
        .inner_join(
            customers::table
                .on(customers::shop_id.eq(tickets::shop_id).and(customers::id.eq(tickets::customer_id))),
        )
        .filter(tickets::shop_id.eq(shop))
}

/// Reads [`tickets_with_customers()`], and keeps them to the transaction
/// until it ends: each customer in the shop, and then its ticket as it is. A transaction
/// needs the customer in the end, for its idempotency record; it takes them in this order
/// because an erasure does.
#[derive(Debug, Clone, Copy, QueryId)]
pub(super) struct WithLocks<Q>(pub(super) Q);

impl<Q: Query> Query for WithLocks<Q> {
    type SqlType = Q::SqlType;
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for WithLocks<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        // Of each row in the order of the clauses.
        out.push_sql(" FOR KEY SHARE OF customers FOR NO KEY UPDATE OF tickets");
        Ok(())
    }
}
