//! The log of events.
//!
//! Events are ordered by the numbers of their transactions, which may commit in another order. So
//! the log is read up to the first transaction that is still running and could write to it.

pub(super) mod append;
pub(super) mod numbers;

use async_trait::async_trait;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{Event, EventPosition, EventStore, Page, PageSize, ShopId, StorageError};

use super::PostgresStorage;
use super::errors::{Effect, Failure};
use super::pages::{self, NeededRows};
use super::prepared::PageLimit;
use crate::sql::events::EventRow;
use crate::sql::types::Instant;

#[async_trait]
impl EventStore for PostgresStorage {
    async fn list_events(
        &self,
        shop: ShopId,
        after: Option<EventPosition>,
        size: PageSize,
    ) -> Result<Page<Event, EventPosition>, StorageError> {
        self.connections
            .run("list_events", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let mut list = ListEvents {
                    others: Vec::new(),
                    shop: shop.get(),
                    // Before all events.
                    after: after.unwrap_or(EventPosition { change: -1, part: 0 }),
                    limit: PageLimit::new(size),
                    // A character of a text is up to 6 bytes of its JSON. The rest is names and
                    // numbers.
                    needed: NeededRows::new(
                        size,
                        "greatest(octet_length(snapshot) - 2000, 0)",
                        6,
                        "change, part",
                    ),
                };
                let page = list.clone().page(connection, size).await?;
                if page.next.is_some() {
                    return Ok(page);
                }
                // The page may end at a transaction of another database, which does not count. The
                // transactions of other databases are read before the snapshot of the list. A
                // transaction in neither of the two began later, so its number is larger than all
                // listed ones.
                list.others = OtherTransactions.get_result(connection).await?;
                list.page(connection, size).await
            })
            .await
    }
}

/// The running transactions of other databases on the server. They write no events here, so the
/// log does not wait for them.
#[derive(Debug, Clone, Copy, QueryId)]
struct OtherTransactions;

impl Query for OtherTransactions {
    type SqlType = Array<BigInt>;
}

impl QueryFragment<Pg> for OtherTransactions {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT coalesce(array_agg(backend_xid::text::bigint), '{}')
            FROM pg_stat_activity
            WHERE backend_xid IS NOT NULL
                AND datid <> (SELECT oid FROM pg_database WHERE datname = current_database())",
        );
        Ok(())
    }
}

#[derive(Debug, Clone)]
struct ListEvents {
    /// Running transactions to ignore.
    others: Vec<i64>,
    shop: i64,
    after: EventPosition,
    limit: PageLimit,
    needed: NeededRows,
}

impl ListEvents {
    async fn page(
        self,
        connection: &mut AsyncPgConnection,
        size: PageSize,
    ) -> Result<Page<Event, EventPosition>, Failure> {
        let rows = self.load_stream::<EventRow>(connection).await?;
        pages::read(rows, size, |row| Event::try_from(row).map(|event| (event.position, event))).await
    }
}

impl Query for ListEvents {
    type SqlType =
        (BigInt, BigInt, BigInt, Text, BigInt, (Nullable<BigInt>, Nullable<BigInt>, Instant), Nullable<Text>);
}

/// Identified by its text, which includes the limit.
impl QueryId for ListEvents {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for ListEvents {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT shop_id, change, part, kind, subject_id, actor_key, actor_user, time, snapshot FROM (",
        );
        self.needed.walk_ast(out.reborrow(), |out| self.walk_list(out))?;
        out.push_sql(") AS needed ORDER BY change, part");
        Ok(())
    }
}

impl ListEvents {
    /// The rows that the page may hold, and one more.
    fn walk_list<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT shop_id, change, part, kind, subject_id, actor_key, actor_user, time, snapshot
            FROM events WHERE shop_id = ",
        );
        out.push_bind_param::<BigInt, _>(&self.shop)?;
        out.push_sql(" AND (change, part) > (");
        out.push_bind_param::<BigInt, _>(&self.after.change)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.after.part)?;
        // The list ends before the smallest number of a transaction that is running in the
        // statement's snapshot. If none is running, it ends before the next number. A standby knows
        // only the smallest.
        out.push_sql(
            ") AND change < (
                SELECT event_change(coalesce(min(number), pg_snapshot_xmax(pg_current_snapshot())))
                FROM (
                    SELECT pg_snapshot_xip(pg_current_snapshot())
                    UNION ALL SELECT pg_snapshot_xmin(pg_current_snapshot())
                ) AS running (number)
                WHERE number::xid::text::bigint <> ALL (",
        );
        out.push_bind_param::<Array<BigInt>, _>(&self.others)?;
        out.push_sql("))");
        out.push_sql(" ORDER BY change, part");
        self.limit.walk_ast(out)
    }
}
