//! Lists of customers, and their lengths.

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use diesel::sqlite::{Sqlite, SqliteConnection};
use hexdesk_domain::{Customer, CustomerFilter, CustomerId, Page, PageSize, ShopId};

use super::super::pages;
use super::filter;
use crate::sql::customers::CustomerRow;
use crate::sql::schema::customers;
use crate::sqlite::connection::interruption::still_wanted;

/// Reads a page of the list.
pub(super) fn list(
    connection: &mut SqliteConnection,
    shop: ShopId,
    filter: CustomerFilter,
    after: Option<CustomerId>,
    size: PageSize,
) -> anyhow::Result<Page<Customer, CustomerId>> {
    let mut list = customers::table
        .filter(customers::shop_id.eq(shop.get()).and(still_wanted(customers::id)))
        .order(customers::id.desc())
        .select(CustomerRow::as_select())
        .into_boxed::<Sqlite>();
    if let Some(after) = after {
        list = list.filter(customers::id.lt(after.get()));
    }
    let rows = pages::page_of(filter::add(list, shop, filter), size)
        .load_iter::<CustomerRow, DefaultLoadingMode>(connection)?;
    pages::read(rows, size, |row| Customer::try_from(row).map(|customer| (customer.id, customer)))
}

/// Counts the whole list.
pub(super) fn count(
    connection: &mut SqliteConnection,
    shop: ShopId,
    filter: CustomerFilter,
) -> anyhow::Result<u64> {
    let count = customers::table.filter(customers::shop_id.eq(shop.get())).count().into_boxed::<Sqlite>();
    let count: i64 = filter::add(count, shop, filter).get_result(connection)?;
    Ok(u64::try_from(count)?)
}
