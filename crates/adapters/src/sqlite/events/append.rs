//! What writes add to the log of events, each in its own transaction.
//!
//! Transactions that write come one after the other, so that the numbers of a shop's changes
//! are in the order in which they are committed, and none is left out.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use hexdesk_domain::{AuditStamp, CustomerId, EventKind, ShopId, Snapshot};

use crate::sql::events::{NewEventRow, StampRow};
use crate::sql::schema::events;
use crate::sql::types::Instant;
use crate::sqlite::counters::{Counted, next_number};

/// Appends the events of one transaction: those of each shop are one change of the shop's.
#[derive(Debug, Default)]
pub(in crate::sqlite) struct EventLog {
    changes: BTreeMap<ShopId, Change>,
}

/// A change that is going on.
#[derive(Debug)]
struct Change {
    number: i64,
    parts: i64,
}

impl EventLog {
    /// Appends that a thing was created or changed, and is so now.
    pub(in crate::sqlite) fn append(
        &mut self,
        connection: &mut SqliteConnection,
        shop: ShopId,
        kind: EventKind,
        snapshot: Snapshot,
        stamp: AuditStamp,
    ) -> anyhow::Result<()> {
        let change = self.change(connection, shop)?;
        let event = NewEventRow::new(shop, kind, snapshot, stamp)?;
        diesel::insert_into(events::table)
            .values((event, events::change.eq(change.number), events::part.eq(change.parts)))
            .execute(connection)?;
        change.parts += 1;
        Ok(())
    }

    /// Appends that each of the shop's things with these numbers is deleted. They are looked
    /// for now, so this comes before they go. Of which customer they were is kept to find
    /// their snapshots by; there is none to name once those are erased.
    pub(in crate::sqlite) fn append_deleted<Q>(
        &mut self,
        connection: &mut SqliteConnection,
        shop: ShopId,
        kind: EventKind,
        numbers: Q,
        customer: Option<CustomerId>,
        stamp: AuditStamp,
    ) -> anyhow::Result<()>
    where
        Q: Query<SqlType = BigInt> + QueryFragment<Sqlite> + QueryId,
    {
        let change = self.change(connection, shop)?;
        let appended = AppendDeleted {
            shop: shop.get(),
            change: change.number,
            parts: change.parts,
            kind: kind.as_str(),
            customer: customer.map(CustomerId::get),
            stamp: stamp.into(),
            numbers,
        };
        change.parts += i64::try_from(appended.execute(connection)?)?;
        Ok(())
    }

    /// The shop's change; its first event gives it its number.
    fn change(&mut self, connection: &mut SqliteConnection, shop: ShopId) -> QueryResult<&mut Change> {
        Ok(match self.changes.entry(shop) {
            Entry::Occupied(change) => change.into_mut(),
            Entry::Vacant(none) => {
                none.insert(Change { number: next_number(connection, shop, Counted::Changes)?, parts: 0 })
            }
        })
    }
}

/// Takes the snapshots that hold data of the shop's customer out of the log. The customer's
/// tickets and comments are looked for now, so this comes before they go.
pub(in crate::sqlite) fn erase_snapshots(
    connection: &mut SqliteConnection,
    shop: ShopId,
    customer: CustomerId,
) -> QueryResult<()> {
    for statement in [ERASE_SNAPSHOTS, FORGET_WHOSE_WAS_DELETED] {
        diesel::sql_query(statement)
            .bind::<BigInt, _>(shop.get())
            .bind::<BigInt, _>(customer.get())
            .execute(connection)?;
    }
    Ok(())
}

/// Numbers are of several kinds of things; whose data a snapshot holds stands beside it.
const ERASE_SNAPSHOTS: &str = "UPDATE events SET snapshot = NULL, customer_id = NULL
    WHERE shop_id = ?1 AND customer_id = ?2 AND snapshot IS NOT NULL AND subject_id IN (
        SELECT ?2
        UNION ALL SELECT id FROM tickets WHERE shop_id = ?1 AND customer_id = ?2
        UNION ALL SELECT comments.id FROM tickets
            JOIN comments ON comments.shop_id = tickets.shop_id AND comments.ticket_id = tickets.id
            WHERE tickets.shop_id = ?1 AND tickets.customer_id = ?2
        UNION ALL SELECT subject_id FROM events
            WHERE shop_id = ?1 AND customer_id = ?2 AND snapshot IS NULL
    )";

const FORGET_WHOSE_WAS_DELETED: &str = "UPDATE events SET customer_id = NULL
    WHERE shop_id = ?1 AND customer_id = ?2 AND snapshot IS NULL";

/// The statement of [`EventLog::append_deleted`]. `numbers` is a query of one column, `id`.
#[derive(Debug, QueryId)]
struct AppendDeleted<Q> {
    shop: i64,
    change: i64,
    parts: i64,
    kind: &'static str,
    customer: Option<i64>,
    stamp: StampRow,
    numbers: Q,
}

impl<Q> RunQueryDsl<SqliteConnection> for AppendDeleted<Q> {}

impl<Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for AppendDeleted<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO events
                (shop_id, change, part, kind, subject_id, customer_id, actor_key, actor_user, time)
            SELECT ",
        );
        out.push_bind_param::<BigInt, _>(&self.shop)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.change)?;
        out.push_sql(", row_number() OVER () - 1 + ");
        out.push_bind_param::<BigInt, _>(&self.parts)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.kind)?;
        out.push_sql(", id, ");
        out.push_bind_param::<Nullable<BigInt>, _>(&self.customer)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<BigInt>, _>(&self.stamp.actor_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<BigInt>, _>(&self.stamp.actor_user)?;
        out.push_sql(", ");
        out.push_bind_param::<Instant, _>(&self.stamp.time)?;
        out.push_sql(" FROM (");
        self.numbers.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}
