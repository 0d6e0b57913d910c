//! Events on their way into the log, each in the transaction of what it tells of.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{AuditStamp, EventKind, ShopId, Snapshot};

use super::errors::Failure;
use crate::event_rows::NewEventRow;
use crate::sql_types::{Instant, StoredTimestamp};

/// Appends events, in this order. Must run in the transaction of the changes.
pub(super) async fn append(
    connection: &mut AsyncPgConnection,
    events: impl IntoIterator<Item = NewEventRow>,
) -> Result<(), Failure> {
    let events = AppendEvents::new(events);
    if !events.shop_id.is_empty() {
        events.execute(connection).await?;
    }
    Ok(())
}

/// Appends that a thing was created or changed, and is so now. Must run in the transaction
/// of the change.
pub(super) async fn append_one(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    kind: EventKind,
    snapshot: Snapshot,
    stamp: AuditStamp,
) -> Result<(), Failure> {
    append(connection, [NewEventRow::new(shop, kind, snapshot, stamp)?]).await
}

/// The events as columns, which PostgreSQL puts together again: so the statement is the
/// same for any number of them and is prepared once.
#[derive(Debug, Default, QueryId)]
struct AppendEvents {
    shop_id: Vec<i64>,
    kind: Vec<&'static str>,
    subject_id: Vec<i64>,
    actor_key: Vec<Option<i64>>,
    actor_user: Vec<Option<i64>>,
    time: Vec<StoredTimestamp>,
    customer_id: Vec<Option<i64>>,
    snapshot: Vec<Option<String>>,
}

impl AppendEvents {
    fn new(events: impl IntoIterator<Item = NewEventRow>) -> Self {
        let mut columns = Self::default();
        for event in events {
            // In full, so that no column is forgotten.
            let NewEventRow { shop_id, kind, subject_id, stamp, customer_id, snapshot } = event;
            columns.shop_id.push(shop_id);
            columns.kind.push(kind);
            columns.subject_id.push(subject_id);
            columns.actor_key.push(stamp.actor_key);
            columns.actor_user.push(stamp.actor_user);
            columns.time.push(stamp.time);
            columns.customer_id.push(customer_id);
            columns.snapshot.push(snapshot);
        }
        columns
    }
}

impl QueryFragment<Pg> for AppendEvents {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO events
                (shop_id, kind, subject_id, actor_key, actor_user, time, customer_id, snapshot)
            SELECT shop_id, kind, subject_id, actor_key, actor_user, time, customer_id, snapshot
            FROM unnest((SELECT ",
        );
        // The planner does not see how many there are, and does not plan anew for each number.
        out.push_bind_param::<Array<BigInt>, _>(&self.shop_id)?;
        out.push_sql("), ");
        out.push_bind_param::<Array<Text>, _>(&self.kind)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.subject_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.actor_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.actor_user)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Instant>, _>(&self.time)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.customer_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.snapshot)?;
        out.push_sql(
            ") WITH ORDINALITY AS event (
                shop_id, kind, subject_id, actor_key, actor_user, time, customer_id, snapshot, ordinal
            ) ORDER BY ordinal",
        );
        Ok(())
    }
}
