//! Appends events to the log, in the transaction of the change.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{AuditStamp, EventKind, ShopId, Snapshot};

use crate::postgres::counters::CountedShops;
use crate::postgres::errors::Failure;
use crate::postgres::unnest::{Rows, column};
use crate::sql::events::NewEventRow;
use crate::sql::schema::events;
use crate::sql::types::{Instant, RequestUuid};

/// Appends events, in this order. Must be the last statement of the transaction of the changes: it
/// locks the [counters](crate::postgres::counters), which order the transactions of a shop.
pub(in crate::postgres) async fn append(
    mut connection: &AsyncPgConnection,
    events: impl IntoIterator<Item = NewEventRow>,
) -> QueryResult<()> {
    let events: Vec<_> = events.into_iter().collect();
    if events.is_empty() {
        return Ok(());
    }
    let rows = || events.iter();
    let shops = CountedShops::of(rows().map(|event| event.shop_id));
    let append = Append {
        rows: Rows {
            shops: rows().map(|event| event.shop_id).collect(),
            columns: (
                column::<Integer, _>(rows().map(|event| shops.place(event.shop_id))),
                column::<Text, _>(rows().map(|event| event.kind)),
                column::<BigInt, _>(rows().map(|event| event.subject_id)),
                column::<Nullable<BigInt>, _>(rows().map(|event| event.stamp.actor_key)),
                column::<Nullable<BigInt>, _>(rows().map(|event| event.stamp.actor_user)),
                column::<Instant, _>(rows().map(|event| event.stamp.time)),
                column::<Nullable<RequestUuid>, _>(rows().map(|event| event.stamp.request_id)),
                column::<Nullable<BigInt>, _>(rows().map(|event| event.customer_id)),
                column::<Nullable<Text>, _>(rows().map(|event| event.snapshot.as_ref())),
            ),
        },
        shops,
    };
    append.execute(&mut connection).await?;
    Ok(())
}

/// Inserts the events of a change whose number the transaction has taken.
pub(in crate::postgres) async fn insert_events(
    connection: &mut AsyncPgConnection,
    change: i64,
    events: Vec<NewEventRow>,
) -> QueryResult<()> {
    let rows = (1_i64..).zip(events);
    let rows: Vec<_> =
        rows.map(|(part, event)| (event, events::change.eq(change), events::part.eq(part))).collect();
    diesel::insert_into(events::table).values(rows).execute(connection).await?;
    Ok(())
}

/// Appends the event of one created or changed object. Must be the last statement of the
/// transaction of the change.
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

#[derive(Debug)]
struct Append<C> {
    shops: CountedShops,
    rows: Rows<C>,
}

/// Identified by its text.
impl<C> QueryId for Append<C> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C: QueryFragment<Pg>> QueryFragment<Pg> for Append<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH ");
        self.shops.walk("", out.reborrow())?;
        out.push_sql(
            " INSERT INTO events
                (shop_id, change, part, kind, subject_id, actor_key, actor_user, time, request_id, customer_id,
                snapshot)
            SELECT shop_id, (SELECT changes FROM counters)[shop_place], part, kind, subject_id, actor_key,
                actor_user, time, request_id, customer_id, snapshot
            FROM ",
        );
        self.rows.walk_ast(out.reborrow())?;
        out.push_sql(
            " AS event (shop_id, shop_place, kind, subject_id, actor_key, actor_user, time, request_id,
                customer_id, snapshot, unused, part)",
        );
        Ok(())
    }
}
