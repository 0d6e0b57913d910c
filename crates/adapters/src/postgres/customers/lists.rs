//! Lists of customers, and their lengths.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{Customer, CustomerFilter, CustomerId, ExternalIds, Page, PageSize, ShopId};

use super::filter;
use crate::postgres::errors::{Failure, count_from};
use crate::postgres::layout::Layout;
use crate::postgres::pages;
use crate::postgres::prepared::never_kept;
use crate::sql::customers::CustomerRow;
use crate::sql::page;
use crate::sql::schema::customers;

/// Reads a page of the list.
pub(super) async fn list(
    connection: &mut AsyncPgConnection,
    layout: Layout,
    shop: ShopId,
    filter: CustomerFilter,
    after: Option<CustomerId>,
    size: PageSize,
) -> Result<Page<Customer, CustomerId>, Failure> {
    let list = customers::table
        .filter(customers::shop_id.eq(shop.get()))
        .order(customers::id.desc())
        .select(CustomerRow::as_select())
        .limit(page::rows_to_ask_for(size))
        .into_boxed::<Pg>();
    let mut list = if is_common(&filter) { list } else { list.filter(never_kept()) };
    list = filter::add(list, layout, shop, filter);
    if let Some(id) = after {
        list = list.filter(customers::id.lt(id.get()));
    }
    let rows = list.load_stream::<CustomerRow>(connection).await?;
    pages::read(rows, size, |row| Customer::try_from(row).map(|customer| (customer.id, customer))).await
}

/// Counts the whole list.
pub(super) async fn count(
    connection: &mut AsyncPgConnection,
    layout: Layout,
    shop: ShopId,
    filter: CustomerFilter,
) -> Result<u64, Failure> {
    let count = customers::table.filter(customers::shop_id.eq(shop.get())).count().into_boxed::<Pg>();
    let count = if is_common(&filter) { count } else { count.filter(never_kept()) };
    count_from::<i64>(filter::add(count, layout, shop, filter).get_result(connection).await?)
}

/// Whether this is one of the common filters.
pub(super) fn is_common(filter: &CustomerFilter) -> bool {
    filter.external_ids == ExternalIds::default() && filter.words.is_empty()
}
