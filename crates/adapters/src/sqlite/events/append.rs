//! Appends events to the log, in the transaction of the change.
//!
//! Only one transaction writes at a time. So a shop's changes are numbered in the order of their
//! commits, without gaps.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use hexdesk_domain::{AuditStamp, CustomerId, EventKind, EventPosition, ShopId, Snapshot};

use crate::sql::events::{NewEventRow, StampRow};
use crate::sql::schema::events;
use crate::sql::types::{Instant, RequestUuid};
use crate::sqlite::counters::{Counted, next_number};

/// Appends the events of one transaction. For each shop, they are one change.
#[derive(Debug, Default)]
pub(in crate::sqlite) struct EventLog {
    changes: BTreeMap<ShopId, Change>,
}

/// A change in progress.
#[derive(Debug)]
struct Change {
    number: i64,
    parts: i64,
}

impl EventLog {
    /// Appends the event of a created or changed object.
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

    /// Appends the event of an object that is gone, and names no customer.
    pub(in crate::sqlite) fn append_gone(
        &mut self,
        connection: &mut SqliteConnection,
        shop: ShopId,
        kind: EventKind,
        number: i64,
        stamp: StampRow,
    ) -> QueryResult<()> {
        let change = self.change(connection, shop)?;
        let event = NewEventRow::of_deleted(shop, kind, number, stamp);
        diesel::insert_into(events::table)
            .values((event, events::change.eq(change.number), events::part.eq(change.parts)))
            .execute(connection)?;
        change.parts += 1;
        Ok(())
    }

    /// Appends the deletion of each object with these numbers. Must run before the deletion,
    /// because `numbers` is a query. `customer` is kept to find the snapshots of the objects later.
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

    /// Returns the position of the next event of the shop in this transaction.
    pub(in crate::sqlite) fn next_position(
        &mut self,
        connection: &mut SqliteConnection,
        shop: ShopId,
    ) -> QueryResult<EventPosition> {
        let change = self.change(connection, shop)?;
        Ok(EventPosition { change: change.number, part: change.parts })
    }

    /// Returns the change of the shop. The first event gives it a number.
    fn change(&mut self, connection: &mut SqliteConnection, shop: ShopId) -> QueryResult<&mut Change> {
        Ok(match self.changes.entry(shop) {
            Entry::Occupied(change) => change.into_mut(),
            Entry::Vacant(none) => {
                none.insert(Change { number: next_number(connection, shop, Counted::Changes)?, parts: 0 })
            }
        })
    }
}

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
                (shop_id, change, part, kind, subject_id, customer_id, actor_key, actor_user, time, request_id)
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
        out.push_sql(", ");
        out.push_bind_param::<Nullable<RequestUuid>, _>(&self.stamp.request_id)?;
        out.push_sql(" FROM (");
        self.numbers.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}
