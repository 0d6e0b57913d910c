//! Appends events to the log, in the transaction of the change.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::AsyncPgConnection;
use hexdesk_domain::{AuditStamp, EventKind, ShopId, Snapshot};

use crate::postgres::errors::Failure;
use crate::postgres::unnest::{Change, Rows, column};
use crate::sql::events::NewEventRow;
use crate::sql::types::Instant;

/// Appends events, in this order. Must run in the transaction of the changes.
pub(in crate::postgres) async fn append(
    connection: &AsyncPgConnection,
    events: impl IntoIterator<Item = NewEventRow>,
) -> QueryResult<()> {
    let events: Vec<_> = events.into_iter().collect();
    let rows = || events.iter();
    let change = Change {
        before: "INSERT INTO events
            (shop_id, kind, subject_id, actor_key, actor_user, time, customer_id, snapshot)
            SELECT shop_id, kind, subject_id, actor_key, actor_user, time, customer_id, snapshot
            FROM ",
        rows: Rows {
            shops: rows().map(|event| event.shop_id).collect(),
            columns: (
                column::<Text, _>(rows().map(|event| event.kind)),
                column::<BigInt, _>(rows().map(|event| event.subject_id)),
                column::<Nullable<BigInt>, _>(rows().map(|event| event.stamp.actor_key)),
                column::<Nullable<BigInt>, _>(rows().map(|event| event.stamp.actor_user)),
                column::<Instant, _>(rows().map(|event| event.stamp.time)),
                column::<Nullable<BigInt>, _>(rows().map(|event| event.customer_id)),
                column::<Nullable<Text>, _>(rows().map(|event| event.snapshot.as_ref())),
            ),
        },
        after: " WITH ORDINALITY AS event
                (shop_id, kind, subject_id, actor_key, actor_user, time, customer_id, snapshot, place)
            ORDER BY place",
    };
    change.run(connection).await?;
    Ok(())
}

/// Appends the event of one created or changed object. Must run in the transaction of the change.
pub(in crate::postgres) async fn append_one(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    kind: EventKind,
    snapshot: Snapshot,
    stamp: AuditStamp,
) -> Result<(), Failure> {
    append(connection, [NewEventRow::new(shop, kind, snapshot, stamp)?]).await?;
    Ok(())
}
