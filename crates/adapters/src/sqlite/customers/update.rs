//! Changes a customer.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::{CustomerUpdate, UpdateCustomerOutcome};
use hexdesk_domain::{Customer, CustomerId, EventKind, ShopId, Snapshot, fold_email};

use crate::sql::customers::CustomerValues;
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
    let mut after = before.clone();
    changes.apply(&mut after);
    if after == before {
        return Ok(UpdateCustomerOutcome::Updated(Box::new(before)));
    }
    if !after.is_reachable() {
        return Ok(UpdateCustomerOutcome::Unreachable);
    }
    if let Some(email) = &after.email {
        let others =
            customers::table.filter(customers::shop_id.eq(shop.get()).and(customers::id.ne(id.get())));
        let same = others.filter(customers::email_folded.eq(fold_email(email)));
        if diesel::select(exists(same)).get_result(connection)? {
            return Ok(UpdateCustomerOutcome::EmailTaken);
        }
    }
    replace(connection, &before, &after)?;
    let snapshot = Snapshot::Customer(Box::new(after.clone()));
    EventLog::default().append(connection, shop, EventKind::CustomerUpdated, snapshot, stamp)?;
    Ok(UpdateCustomerOutcome::Updated(Box::new(after)))
}

/// Writes a changed customer. Its e-mail address must be free.
pub(super) fn replace(
    connection: &mut SqliteConnection,
    before: &Customer,
    after: &Customer,
) -> QueryResult<()> {
    diesel::update(customers::table.find((before.shop_id.get(), before.id.get())))
        .set(CustomerValues::from(after.clone()))
        .execute(connection)?;
    index::replace_customer(connection, before, after)
}
