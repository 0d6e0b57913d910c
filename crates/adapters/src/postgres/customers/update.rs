//! Changes a customer.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{CustomerUpdate, UpdateCustomerOutcome};
use hexdesk_domain::{Customer, CustomerChanges, CustomerId, EventKind, ShopId, Snapshot, fold_email};

use crate::postgres::errors::Failure;
use crate::postgres::events::append::append_one;
use crate::postgres::search::vectors::{Words, WordsOf};
use crate::sql::customers::{CustomerChangeset, CustomerRow};
use crate::sql::schema::customers;

/// The maximum number of updates. A concurrent change can take the same address or number.
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
    if !changes.is_change_of(&before) {
        return Ok(UpdateCustomerOutcome::Updated(Box::new(before)));
    }
    let changed = searchable_after(before, changes.clone());
    if changed.email.is_none() && changed.phone_number.is_none() {
        return Ok(UpdateCustomerOutcome::Unreachable);
    }
    let words = Words::of_customer(&changed);
    for _ in 0..ATTEMPTS {
        if let Some(refusal) = taken(connection, shop, id, &changes).await? {
            return Ok(refusal);
        }
        let change = diesel::update(customer)
            .set((CustomerChangeset::from(changes.clone()), WordsOf(customers::table).eq(&words)))
            .returning(CustomerRow::as_select());
        // A savepoint: a conflict rolls back this statement only.
        match connection.transaction(async |connection| change.get_result(connection).await).await {
            Ok(row) => {
                let customer = Box::new(Customer::try_from(row)?);
                let snapshot = Snapshot::Customer(customer.clone());
                append_one(connection, shop, EventKind::CustomerUpdated, snapshot, stamp).await?;
                return Ok(UpdateCustomerOutcome::Updated(customer));
            }
            Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::Unexpected("a conflicting customer cannot be read"))
}

/// Returns the customer with the changes to the texts that searches find.
fn searchable_after(customer: Customer, changes: CustomerChanges) -> Customer {
    Customer {
        email: changes.email.unwrap_or(customer.email),
        phone_number: changes.phone_number.unwrap_or(customer.phone_number),
        first_name: changes.first_name.unwrap_or(customer.first_name),
        last_name: changes.last_name.unwrap_or(customer.last_name),
        full_name: changes.full_name.unwrap_or(customer.full_name),
        ..customer
    }
}

/// Returns the refusal if another customer of the shop has the e-mail address or phone number.
async fn taken(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: CustomerId,
    changes: &CustomerChanges,
) -> QueryResult<Option<UpdateCustomerOutcome>> {
    let others = customers::table.filter(customers::shop_id.eq(shop.get()).and(customers::id.ne(id.get())));
    if let Some(Some(email)) = &changes.email {
        let same = others.filter(customers::email_folded.eq(fold_email(email)));
        if diesel::select(exists(same)).get_result(connection).await? {
            return Ok(Some(UpdateCustomerOutcome::EmailTaken));
        }
    }
    if let Some(Some(phone_number)) = &changes.phone_number {
        let same = others.filter(customers::phone_number.eq(phone_number));
        if diesel::select(exists(same)).get_result(connection).await? {
            return Ok(Some(UpdateCustomerOutcome::PhoneNumberTaken));
        }
    }
    Ok(None)
}
