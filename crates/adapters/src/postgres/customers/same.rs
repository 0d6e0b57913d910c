//! Finds the customer who is the same person as a new one.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{Customer, CustomerFilter, NewCustomer, ShopId};

use super::filter;
use crate::postgres::errors::Failure;
use crate::postgres::layout::Layout;
use crate::postgres::prepared::never_kept;
use crate::sql::customers::CustomerRow;
use crate::sql::schema::customers;

/// The maximum number of lookups. A found customer may be gone or changed before it is locked.
const ATTEMPTS: usize = 3;

/// How a found customer is locked until the transaction ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lock {
    /// Against erasure and merging only. It delays no other lock of this module.
    AgainstErasure,
    /// Against changes, too.
    ToChange,
}

/// The shop's customer who is the same person: see [`NewCustomer::is_same`].
pub(super) async fn find(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    new: &NewCustomer,
    lock: Lock,
) -> Result<Option<Customer>, Failure> {
    for _ in 0..ATTEMPTS {
        let Some(id) = look_up(connection, shop, new).await? else { return Ok(None) };
        let customer = customers::table.find((shop.get(), id)).select(CustomerRow::as_select());
        let row: Option<CustomerRow> = match lock {
            Lock::AgainstErasure => customer.for_key_share().get_result(connection).await.optional()?,
            Lock::ToChange => customer.for_no_key_update().get_result(connection).await.optional()?,
        };
        let locked: Option<Customer> = row.map(TryInto::try_into).transpose()?;
        if let Some(locked) = locked.filter(|locked| new.is_same(locked).is_some()) {
            return Ok(Some(locked));
        }
    }
    Err(Failure::Unexpected("a customer changes again and again"))
}

async fn look_up(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    new: &NewCustomer,
) -> QueryResult<Option<i64>> {
    let any = CustomerFilter::default;
    let by_email = new.email.iter().map(|email| CustomerFilter { email: Some(email.clone()), ..any() });
    let by_id = new.external_ids.each().map(|external_ids| CustomerFilter { external_ids, ..any() });
    for filter in by_email.chain(by_id) {
        let found = first(connection, shop, filter, false).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    let Some(phone_number) = new.phone_number.clone() else { return Ok(None) };
    let filter = CustomerFilter { phone_number: Some(phone_number), ..any() };
    first(connection, shop, filter, new.email.is_some()).await
}

/// The smallest number of a customer that meets the filter.
async fn first(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    filter: CustomerFilter,
    without_email: bool,
) -> QueryResult<Option<i64>> {
    let of_shop = customers::table
        .filter(customers::shop_id.eq(shop.get()))
        .order(customers::id)
        .select(customers::id)
        .limit(1)
        .into_boxed::<Pg>();
    let is_common = super::lists::is_common(&filter);
    let mut first = filter::add(of_shop, Layout::OneServer, shop, filter);
    if !is_common {
        first = first.filter(never_kept());
    }
    if without_email {
        first = first.filter(customers::email_folded.is_null());
    }
    first.get_result(connection).await.optional()
}
