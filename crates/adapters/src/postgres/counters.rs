//! Counters of a shop, which never repeat a number. Each shop counts for itself, so a number tells
//! nothing about other shops.
//!
//! A counter is a row. A transaction that counts keeps the row locked until it ends. Locks are taken
//! in this order:
//!
//! 1. the idempotency keys
//! 2. existing rows, customers before tickets
//! 3. `shop_numbers`, which numbers customers and users
//! 4. the unique keys of new rows
//! 5. `shop_counters`, in order of shop: the human tickets, and the changes of the log
//!
//! Whoever holds `shop_counters` waits for nothing else, so no two transactions wait for each other.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{ShopCounters, ShopId};

diesel::table! {
    shop_numbers (shop_id) {
        shop_id -> BigInt,
        customers -> BigInt,
        users -> BigInt,
    }
}

diesel::table! {
    shop_counters (shop_id) {
        shop_id -> BigInt,
        changes -> BigInt,
        human_tickets -> BigInt,
    }
}

/// What is numbered.
#[derive(Debug, Clone, Copy)]
pub(super) enum Numbered {
    Customers,
    Users,
    HumanTickets,
    Changes,
}

impl Numbered {
    /// The table and column of the last number.
    const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Customers => ("shop_numbers", "customers"),
            Self::Users => ("shop_numbers", "users"),
            Self::HumanTickets => ("shop_counters", "human_tickets"),
            Self::Changes => ("shop_counters", "changes"),
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

/// Returns the last numbers of a shop.
pub(super) async fn counters(connection: &mut AsyncPgConnection, shop: ShopId) -> QueryResult<ShopCounters> {
    let numbers: Option<(i64, i64)> = shop_numbers::table
        .find(shop.get())
        .select((shop_numbers::customers, shop_numbers::users))
        .get_result(connection)
        .await
        .optional()?;
    let counted: Option<(i64, i64)> = shop_counters::table
        .find(shop.get())
        .select((shop_counters::changes, shop_counters::human_tickets))
        .get_result(connection)
        .await
        .optional()?;
    let ((customers, users), (changes, human_tickets)) =
        (numbers.unwrap_or_default(), counted.unwrap_or_default());
    Ok(ShopCounters { changes, customers, users, human_tickets })
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
        let (table, column) = self.what.place();
        out.push_sql(&format!("INSERT INTO {table} AS counted (shop_id, {column}) VALUES ("));
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

/// The last numbers of a shop.
#[derive(Debug, Queryable)]
pub(super) struct Counted {
    pub(super) changes: i64,
    pub(super) human_tickets: i64,
}

/// Takes the next change of a shop's log, and numbers for this many human tickets. Must run in the
/// transaction that writes them, after all other locks.
pub(super) async fn count_change(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    human_tickets: usize,
) -> QueryResult<Counted> {
    CountChange { shop: shop.get(), human_tickets: i64::try_from(human_tickets).unwrap_or(i64::MAX) }
        .get_result(connection)
        .await
}

#[derive(Debug, QueryId)]
struct CountChange {
    shop: i64,
    human_tickets: i64,
}

impl Query for CountChange {
    type SqlType = (BigInt, BigInt);
}

impl QueryFragment<Pg> for CountChange {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("INSERT INTO shop_counters AS counter (shop_id, changes, human_tickets) VALUES (");
        out.push_bind_param::<BigInt, _>(&self.shop)?;
        out.push_sql(", 1, ");
        out.push_bind_param::<BigInt, _>(&self.human_tickets)?;
        out.push_sql(
            ") ON CONFLICT (shop_id) DO UPDATE SET changes = counter.changes + 1,
                human_tickets = counter.human_tickets + excluded.human_tickets
            RETURNING changes, human_tickets",
        );
        Ok(())
    }
}

/// The shops whose logs a statement writes, each once and in order.
#[derive(Debug, Default)]
pub(super) struct CountedShops {
    ids: Vec<i64>,
    /// The new human tickets of each shop.
    human_tickets: Vec<i64>,
}

impl CountedShops {
    /// The shops of these rows.
    pub(super) fn of(shops: impl Iterator<Item = i64>) -> Self {
        let mut ids: Vec<i64> = shops.collect();
        ids.sort_unstable();
        ids.dedup();
        Self { human_tickets: vec![0; ids.len()], ids }
    }

    /// The place of a shop of these rows, from 1.
    pub(super) fn place(&self, shop: i64) -> i32 {
        let before = self.ids.partition_point(|id| *id < shop);
        i32::try_from(before).unwrap_or(i32::MAX).saturating_add(1)
    }

    /// Adds a human ticket of the shop. Returns its position among those of the shop, from 1.
    pub(super) fn add_human_ticket(&mut self, shop: i64) -> i64 {
        let index = self.ids.partition_point(|id| *id < shop);
        let Some(count) = self.human_tickets.get_mut(index) else { return 0 };
        *count += 1;
        *count
    }

    /// Writes the common table expression `counters`: a row with the arrays `changes` and
    /// `human_tickets`. They hold the last numbers of each shop, by place. The condition begins with
    /// `WHERE`, and decides whether anything is counted.
    pub(super) fn walk<'b>(&'b self, condition: &str, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // A subquery hides the number of shops from the planner.
        out.push_sql(
            "counted AS (
    INSERT INTO shop_counters AS counter (shop_id, changes, human_tickets)
    SELECT shop_id, 1, human_tickets FROM unnest((SELECT ",
        );
        out.push_bind_param::<Array<BigInt>, _>(&self.ids)?;
        out.push_sql("), ");
        out.push_bind_param::<Array<BigInt>, _>(&self.human_tickets)?;
        out.push_sql(") AS shop (shop_id, human_tickets) ");
        out.push_sql(condition);
        out.push_sql(
            " ORDER BY shop_id
    ON CONFLICT (shop_id) DO UPDATE SET changes = counter.changes + 1,
        human_tickets = counter.human_tickets + excluded.human_tickets
    RETURNING shop_id, changes, human_tickets
), counters AS (
    SELECT array_agg(changes ORDER BY shop_id) AS changes,
        array_agg(human_tickets ORDER BY shop_id) AS human_tickets
    FROM counted
)",
        );
        Ok(())
    }
}
