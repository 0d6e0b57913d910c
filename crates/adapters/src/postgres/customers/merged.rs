//! The numbers of customers who were merged into others.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{CustomerId, ShopId};

use crate::postgres::errors::Failure;
use crate::sql::CorruptRow;
use crate::sql::schema::merged_customers;

/// Returns the customer into whom this one was merged.
pub(super) async fn find(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: CustomerId,
) -> Result<Option<CustomerId>, Failure> {
    let into: Option<i64> = merged_customers::table
        .find((shop.get(), id.get()))
        .select(merged_customers::into_id)
        .get_result(connection)
        .await
        .optional()?;
    let into = into.map(|into| CustomerId::new(into).ok_or(CorruptRow("customer number")));
    Ok(into.transpose()?)
}

/// Removes the numbers of the customers who were merged into this one. Returns them, and its own.
pub(super) async fn take_with_merged(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: CustomerId,
) -> QueryResult<Vec<i64>> {
    let merged = merged_customers::shop_id.eq(shop.get()).and(merged_customers::into_id.eq(id.get()));
    let mut numbers: Vec<i64> = diesel::delete(merged_customers::table.filter(merged))
        .returning(merged_customers::id)
        .get_results(connection)
        .await?;
    numbers.push(id.get());
    Ok(numbers)
}
