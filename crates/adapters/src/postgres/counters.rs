//! Counters of a shop, which never repeat a number. Each shop counts for itself, so a number tells
//! nothing about other shops.
//!
//! A shop has one row of counters. A transaction that takes a number keeps the row locked until it
//! ends, so creations of one shop wait for each other. Locks are taken in this order:
//!
//! 1. the idempotency key
//! 2. the existing customer or user with the same address
//! 3. the counters
//! 4. the unique keys of the new row
//!
//! The holder of a unique key may be a change or an erasure. These never wait for the counters, so
//! no two transactions wait for each other.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ShopId;

/// The rows that are numbered.
#[derive(Debug, Clone, Copy)]
pub(super) enum Numbered {
    Customers,
    Users,
}

impl Numbered {
    const fn column(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Users => "users",
        }
    }
}

/// Takes the next number. Must run in the transaction that uses it.
pub(super) async fn next_number(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    what: Numbered,
) -> QueryResult<i64> {
    Count { shop: shop.get(), what, given: None }.get_result(connection).await
}

/// Notes a given number, so that all later numbers are larger. Must run in the transaction that
/// uses it.
pub(super) async fn note_number(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    what: Numbered,
    number: i64,
) -> QueryResult<()> {
    Count { shop: shop.get(), what, given: Some(number) }.get_result::<i64>(connection).await?;
    Ok(())
}

/// Moves a counter on, to the next number or at least to a given one.
#[derive(Debug)]
struct Count {
    shop: i64,
    what: Numbered,
    given: Option<i64>,
}

/// Identified by its text, which includes the column.
impl QueryId for Count {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Count {
    type SqlType = BigInt;
}

impl QueryFragment<Pg> for Count {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let column = self.what.column();
        out.push_sql(&format!("INSERT INTO shop_counters AS counted (shop_id, {column}) VALUES ("));
        out.push_bind_param::<BigInt, _>(&self.shop)?;
        out.push_sql(", ");
        match &self.given {
            Some(number) => out.push_bind_param::<BigInt, _>(number)?,
            None => out.push_sql("1"),
        }
        out.push_sql(&format!(") ON CONFLICT (shop_id) DO UPDATE SET {column} = "));
        match self.given {
            Some(_) => out.push_sql(&format!("greatest(counted.{column}, excluded.{column})")),
            None => out.push_sql(&format!("counted.{column} + 1")),
        }
        out.push_sql(&format!(" RETURNING {column}"));
        Ok(())
    }
}
