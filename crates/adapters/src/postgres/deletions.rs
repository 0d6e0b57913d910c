//! Deletes tickets and comments, and appends an event for each. One statement handles any number of
//! rows, which stay in the database.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{AuditStamp, EventKind, ShopId};

use crate::sql::events::StampRow;
use crate::sql::types::Instant;

/// Deletes the comments on these tickets of the shop, and returns their number. Must run in a
/// transaction that has locked the tickets.
pub(super) async fn delete_comments(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    tickets: &[i64],
    stamp: AuditStamp,
) -> QueryResult<usize> {
    DeleteComments(Deletion::new(shop, tickets, stamp)).execute(connection).await
}

/// Deletes these tickets of the shop, which have no comments, and returns their number. Must run in
/// a transaction that has locked them.
pub(super) async fn delete_tickets(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    tickets: &[i64],
    stamp: AuditStamp,
) -> QueryResult<usize> {
    DeleteTickets(Deletion::new(shop, tickets, stamp)).execute(connection).await
}

#[derive(Debug, QueryId)]
struct DeleteComments(Deletion);

impl QueryFragment<Pg> for DeleteComments {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk("comments", "ticket_id", EventKind::CommentDeleted, out)
    }
}

#[derive(Debug, QueryId)]
struct DeleteTickets(Deletion);

impl QueryFragment<Pg> for DeleteTickets {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk("tickets", "id", EventKind::TicketDeleted, out)
    }
}

/// The tickets to delete, and the author of the deletion.
#[derive(Debug)]
struct Deletion {
    shop: i64,
    tickets: Vec<i64>,
    stamp: StampRow,
}

impl Deletion {
    fn new(shop: ShopId, tickets: &[i64], stamp: AuditStamp) -> Self {
        Self { shop: shop.get(), tickets: tickets.to_vec(), stamp: stamp.into() }
    }

    /// Inserts as many events as it deletes rows of the table.
    fn walk<'b>(
        &'b self,
        table: &str,
        ticket_id: &str,
        kind: EventKind,
        mut out: AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        out.push_sql("WITH deleted AS (DELETE FROM ");
        out.push_sql(table);
        out.push_sql(" WHERE shop_id = ");
        out.push_bind_param::<BigInt, _>(&self.shop)?;
        out.push_sql(" AND ");
        out.push_sql(ticket_id);
        out.push_sql(" = ANY (");
        out.push_bind_param::<Array<BigInt>, _>(&self.tickets)?;
        out.push_sql(
            ") RETURNING shop_id, id)
            INSERT INTO events (shop_id, kind, subject_id, actor_key, actor_user, time)
            SELECT shop_id, '",
        );
        out.push_sql(kind.as_str());
        out.push_sql("', id, ");
        out.push_bind_param::<Nullable<BigInt>, _>(&self.stamp.actor_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<BigInt>, _>(&self.stamp.actor_user)?;
        out.push_sql(", ");
        out.push_bind_param::<Instant, _>(&self.stamp.time)?;
        out.push_sql(" FROM deleted ORDER BY id");
        Ok(())
    }
}
