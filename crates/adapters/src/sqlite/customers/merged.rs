//! The numbers of customers who were merged into others.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{CustomerId, ShopId};

use crate::sql::CorruptRow;
use crate::sql::schema::merged_customers;

/// Returns the customer into whom this one was merged.
pub(super) fn find(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: CustomerId,
) -> anyhow::Result<Option<CustomerId>> {
    let into: Option<i64> = merged_customers::table
        .find((shop.get(), id.get()))
        .select(merged_customers::into_id)
        .get_result(connection)
        .optional()?;
    let into = into.map(|into| CustomerId::new(into).ok_or(CorruptRow("customer number")));
    Ok(into.transpose()?)
}

/// Returns the numbers of the customers who were merged into this one, and its own number.
pub(super) fn with_merged(
    connection: &mut SqliteConnection,
    shop: ShopId,
    customer: i64,
) -> QueryResult<Vec<i64>> {
    let mut numbers: Vec<i64> = merged_customers::table
        .filter(merged_customers::shop_id.eq(shop.get()).and(merged_customers::into_id.eq(customer)))
        .select(merged_customers::id)
        .load(connection)?;
    numbers.push(customer);
    Ok(numbers)
}
