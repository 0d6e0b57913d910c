//! Counters of a shop, which never repeat a number.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::methods::FilterDsl as _;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel::upsert::excluded;
use hexdesk_domain::{ShopId, Timestamp};

use crate::sql::schema::shop_counters::dsl::{counted, last_number, shop_counters, shop_id};

/// The kinds of objects that are numbered.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counted {
    Customers,
    Users,
    HumanTickets,
    ApiKeys,
    /// See [`append`](super::events::append).
    Changes,
}

impl Counted {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Users => "users",
            Self::HumanTickets => "human_tickets",
            Self::ApiKeys => "api_keys",
            Self::Changes => "changes",
        }
    }
}

/// Takes the next number.
pub(super) fn next_number(
    connection: &mut SqliteConnection,
    shop: ShopId,
    what: Counted,
) -> QueryResult<i64> {
    NextNumber { shop: shop.get(), counted: what.as_str() }.get_result(connection)
}

/// The statement of [`next_number`], written by hand: Diesel would prepare it again on every call.
#[derive(Debug, QueryId)]
struct NextNumber {
    shop: i64,
    counted: &'static str,
}

impl Query for NextNumber {
    type SqlType = BigInt;
}

impl RunQueryDsl<SqliteConnection> for NextNumber {}

impl QueryFragment<Sqlite> for NextNumber {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("INSERT INTO shop_counters (shop_id, counted, last_number) VALUES (");
        out.push_bind_param::<BigInt, _>(&self.shop)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.counted)?;
        out.push_sql(
            ", 1) ON CONFLICT (shop_id, counted) DO UPDATE SET last_number = last_number + 1 \
             RETURNING last_number",
        );
        Ok(())
    }
}

/// Returns the last number that was taken, or 0.
pub(super) fn find_last(connection: &mut SqliteConnection, shop: ShopId, what: Counted) -> QueryResult<i64> {
    let counter = shop_counters.find((shop.get(), what.as_str()));
    Ok(counter.select(last_number).get_result(connection).optional()?.unwrap_or_default())
}

/// Notes a given number, so that all later numbers are larger.
pub(super) fn note_number(
    connection: &mut SqliteConnection,
    shop: ShopId,
    what: Counted,
    number: i64,
) -> QueryResult<()> {
    diesel::insert_into(shop_counters)
        .values((shop_id.eq(shop.get()), counted.eq(what.as_str()), last_number.eq(number)))
        .on_conflict((shop_id, counted))
        .do_update()
        .set(last_number.eq(excluded(last_number)))
        .filter(last_number.lt(excluded(last_number)))
        .execute(connection)?;
    Ok(())
}

/// How far a restore moves a log ahead that the clock does not: further than a shop writes between
/// two backups. An `i64` has room for two billion such moves.
pub(super) const RESTORED: i64 = 1 << 32;

/// Moves the log of every shop ahead to [`latest_change`], and a log that is already further by
/// `otherwise`. So a database that was restored continues after every position that was ever read,
/// however often and from whichever backup. Older positions stay valid.
pub(super) fn move_logs_ahead(
    connection: &mut SqliteConnection,
    now: Timestamp,
    otherwise: i64,
) -> QueryResult<()> {
    let (changes, latest) = (Counted::Changes.as_str(), latest_change(now));
    connection.batch_execute(&format!(
        "INSERT INTO shop_counters (shop_id, counted, last_number)
            SELECT id, '{changes}', {latest} FROM shops WHERE true
            ON CONFLICT (shop_id, counted) DO UPDATE SET
                last_number = iif(last_number < {latest}, {latest}, last_number + {otherwise})"
    ))
}

/// The last change that any log can have at this time: sixteen for each millisecond since 1970, as
/// every change waits for the disk. SQLite stores such numbers in six bytes until the year 2248.
pub(super) fn latest_change(now: Timestamp) -> i64 {
    now.unix_millis().max(0) << 4
}
