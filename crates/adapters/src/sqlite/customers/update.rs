//! Changes a customer.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::{CustomerUpdate, UpdateCustomerOutcome};
use hexdesk_domain::{Customer, CustomerId, EventKind, ShopId, Snapshot, fold_email};

use crate::sql::customers::{CustomerChangeset, CustomerRow};
use crate::sql::schema::customers;
use crate::sqlite::customers::find;
use crate::sqlite::events::append::EventLog;
use crate::sqlite::search::index;

/// Changes a customer of the shop. Every refusal comes before the first write.
pub(super) fn update(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: CustomerId,
    update: CustomerUpdate,
) -> anyhow::Result<UpdateCustomerOutcome> {
    let CustomerUpdate { changes, stamp } = update;
    let Some(before) = find(connection, shop, id)? else {
        return Ok(UpdateCustomerOutcome::CustomerNotFound);
    };
    if !changes.is_change_of(&before) {
        return Ok(UpdateCustomerOutcome::Updated(Box::new(before)));
    }
    let email = changes.email.as_ref().unwrap_or(&before.email).as_deref();
    let phone_number = changes.phone_number.as_ref().unwrap_or(&before.phone_number).as_deref();
    if email.is_none() && phone_number.is_none() {
        return Ok(UpdateCustomerOutcome::Unreachable);
    }
    let others = customers::table.filter(customers::shop_id.eq(shop.get()).and(customers::id.ne(id.get())));
    if let Some(email) = email {
        let same = others.filter(customers::email_folded.eq(fold_email(email)));
        if diesel::select(exists(same)).get_result(connection)? {
            return Ok(UpdateCustomerOutcome::EmailTaken);
        }
    }
    if let Some(phone_number) = phone_number {
        let same = others.filter(customers::phone_number.eq(phone_number));
        if diesel::select(exists(same)).get_result(connection)? {
            return Ok(UpdateCustomerOutcome::PhoneNumberTaken);
        }
    }
    let row: CustomerRow = diesel::update(customers::table.find((shop.get(), id.get())))
        .set(CustomerChangeset::from(changes))
        .returning(CustomerRow::as_returning())
        .get_result(connection)?;
    let after: Customer = row.try_into()?;
    index::replace_customer(connection, &before, &after)?;
    let snapshot = Snapshot::Customer(Box::new(after.clone()));
    EventLog::default().append(connection, shop, EventKind::CustomerUpdated, snapshot, stamp)?;
    Ok(UpdateCustomerOutcome::Updated(Box::new(after)))
}
