//! Lists of customers, and their lengths.

use diesel::prelude::*;
use diesel::sqlite::{Sqlite, SqliteConnection};
use hexdesk_domain::{Customer, CustomerFilter, CustomerId, Page, ShopId};

use super::filter;
use crate::sql::customers::CustomerRow;
use crate::sql::page;
use crate::sql::schema::customers;
use crate::sqlite::connection::interruption::still_wanted;

/// Reads a page of the list.
pub(super) fn list(
    connection: &mut SqliteConnection,
    shop: ShopId,
    filter: CustomerFilter,
    after: Option<CustomerId>,
    limit: u32,
) -> anyhow::Result<Page<Customer, CustomerId>> {
    let mut list = customers::table
        .filter(customers::shop_id.eq(shop.get()).and(still_wanted(customers::id)))
        .order(customers::id.desc())
        .select(CustomerRow::as_select())
        .limit(page::rows_to_ask_for(limit))
        .into_boxed::<Sqlite>();
    if let Some(after) = after {
        list = list.filter(customers::id.lt(after.get()));
    }
    let rows = filter::add(list, filter).load(connection)?;
    let customers = rows.into_iter().map(TryInto::try_into).collect::<Result<Vec<Customer>, _>>()?;
    Ok(page::cut(customers, limit, |customer| customer.id))
}

/// Counts the whole list.
pub(super) fn count(
    connection: &mut SqliteConnection,
    shop: ShopId,
    filter: CustomerFilter,
) -> anyhow::Result<u64> {
    let count = customers::table.filter(customers::shop_id.eq(shop.get())).count().into_boxed::<Sqlite>();
    let count: i64 = filter::add(count, filter).get_result(connection)?;
    Ok(u64::try_from(count)?)
}
