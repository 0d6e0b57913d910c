//! Changes a customer.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{CustomerUpdate, UpdateCustomerOutcome};
use hexdesk_domain::{Customer, CustomerId, EventKind, ShopId, Snapshot, fold_email};

use crate::postgres::errors::Failure;
use crate::postgres::events::append::append_one;
use crate::postgres::search::vectors::{Words, WordsOf};
use crate::sql::customers::{CustomerRow, CustomerValues};
use crate::sql::schema::customers;

/// The maximum number of updates. A concurrent change can take the same address.
const ATTEMPTS: usize = 3;

/// Changes the shop's customer. Must run in a transaction.
pub(super) async fn update(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: CustomerId,
    update: CustomerUpdate,
) -> Result<UpdateCustomerOutcome, Failure> {
    let CustomerUpdate { changes, stamp } = update;
    let customer = customers::table.find((shop.get(), id.get()));
    // Waits for a concurrent change of the customer, and sees its result.
    let row: Option<CustomerRow> = customer
        .select(CustomerRow::as_select())
        .for_no_key_update()
        .get_result(connection)
        .await
        .optional()?;
    let Some(row) = row else { return Ok(UpdateCustomerOutcome::CustomerNotFound) };
    let before = Customer::try_from(row)?;
    let mut after = before.clone();
    changes.apply(&mut after);
    if after == before {
        return Ok(UpdateCustomerOutcome::Updated(Box::new(before)));
    }
    if !after.is_reachable() {
        return Ok(UpdateCustomerOutcome::Unreachable);
    }
    for _ in 0..ATTEMPTS {
        if let Some(email) = &after.email {
            let same = customers::table
                .filter(customers::shop_id.eq(shop.get()).and(customers::id.ne(id.get())))
                .filter(customers::email_folded.eq(fold_email(email)));
            if diesel::select(exists(same)).get_result(connection).await? {
                return Ok(UpdateCustomerOutcome::EmailTaken);
            }
        }
        if replace(connection, &after).await? {
            let snapshot = Snapshot::Customer(Box::new(after.clone()));
            append_one(connection, shop, EventKind::CustomerUpdated, snapshot, stamp).await?;
            return Ok(UpdateCustomerOutcome::Updated(Box::new(after)));
        }
    }
    Err(Failure::Unexpected("a conflicting customer cannot be read"))
}

/// Writes a changed customer, whose row is locked. Returns whether the e-mail address is free.
pub(super) async fn replace(connection: &mut AsyncPgConnection, after: &Customer) -> Result<bool, Failure> {
    let words = Words::of_customer(after);
    let change = diesel::update(customers::table.find((after.shop_id.get(), after.id.get())))
        .set((CustomerValues::from(after.clone()), WordsOf(customers::table).eq(&words)));
    // A savepoint: a conflict rolls back this statement only.
    match connection.transaction(async |connection| change.execute(connection).await).await {
        Ok(_) => Ok(true),
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
