//! Customers.

mod erase;
mod filter;
mod lists;
mod update;

use anyhow::Context;
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::{CreateCustomerOutcome, CustomerUpdate, Erased, UpdateCustomerOutcome};
use hexdesk_domain::{
    AuditStamp, Customer, CustomerFilter, CustomerId, CustomerStore, DeferredClaim, EventKind,
    IdempotentOutcome, NewCustomer, Page, ShopId, Snapshot, StorageError,
};

use super::SqliteStorage;
use super::counters::{Counted, next_number, note_number};
use super::events::append::EventLog;
use super::idempotency::attempt;
use super::search::index;
use crate::sql::customers::{CustomerRow, NewCustomerRow};
use crate::sql::schema::customers;

#[async_trait]
impl CustomerStore for SqliteStorage {
    async fn create_customer(
        &self,
        shop: ShopId,
        customer: NewCustomer,
        claim: Option<DeferredClaim<CreateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<CreateCustomerOutcome>, StorageError> {
        let stamp = customer.stamp;
        let row = NewCustomerRow::new(shop, customer);
        self.write("create_customer", move |connection| {
            attempt(connection, shop, claim.as_ref(), |connection| create(connection, shop, row, stamp))
        })
        .await
    }

    async fn find_customer(&self, shop: ShopId, id: CustomerId) -> Result<Option<Customer>, StorageError> {
        self.read("find_customer", move |connection| find(connection, shop, id)).await
    }

    async fn list_customers(
        &self,
        shop: ShopId,
        filter: CustomerFilter,
        after: Option<CustomerId>,
        limit: u32,
    ) -> Result<Page<Customer, CustomerId>, StorageError> {
        self.read("list_customers", move |connection| lists::list(connection, shop, filter, after, limit))
            .await
    }

    async fn count_customers(&self, shop: ShopId, filter: CustomerFilter) -> Result<u64, StorageError> {
        self.read("count_customers", move |connection| lists::count(connection, shop, filter)).await
    }

    async fn update_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        update: CustomerUpdate,
        claim: Option<DeferredClaim<UpdateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateCustomerOutcome>, StorageError> {
        self.write("update_customer", move |connection| {
            attempt(connection, shop, claim.as_ref(), |connection| {
                update::update(connection, shop, id, update)
            })
        })
        .await
    }

    async fn erase_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        stamp: AuditStamp,
    ) -> Result<Option<Erased>, StorageError> {
        self.remove("erase_customer", move |connection| erase::erase(connection, shop, id, stamp)).await
    }
}

/// Reads a customer of the shop.
pub(super) fn find(
    connection: &mut SqliteConnection,
    shop: ShopId,
    id: CustomerId,
) -> anyhow::Result<Option<Customer>> {
    let row = customers::table
        .find((shop.get(), id.get()))
        .select(CustomerRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}

fn create(
    connection: &mut SqliteConnection,
    shop: ShopId,
    mut row: NewCustomerRow,
    stamp: AuditStamp,
) -> anyhow::Result<CreateCustomerOutcome> {
    if let Some(existing) = find_same(connection, &row)? {
        return Ok(CreateCustomerOutcome::Existing(existing.try_into()?));
    }
    match row.id {
        Some(number) if number_is_taken(connection, shop, number)? => {
            return Ok(CreateCustomerOutcome::IdTaken);
        }
        Some(number) => note_number(connection, shop, Counted::Customers, number)?,
        None => {
            let number = next_number(connection, shop, Counted::Customers)?;
            CustomerId::new(number).context("the shop has no customer numbers left")?;
            row.id = Some(number);
        }
    }
    let created = diesel::insert_into(customers::table)
        .values(row)
        .returning(CustomerRow::as_returning())
        .get_result(connection)?;
    let created: Customer = created.try_into()?;
    index::add_customer(connection, &created)?;
    let snapshot = Snapshot::Customer(Box::new(created.clone()));
    EventLog::default().append(connection, shop, EventKind::CustomerCreated, snapshot, stamp)?;
    Ok(CreateCustomerOutcome::Created(created))
}

/// The shop's customer with the same e-mail address, or else the same phone number.
fn find_same(connection: &mut SqliteConnection, row: &NewCustomerRow) -> QueryResult<Option<CustomerRow>> {
    let of_shop =
        customers::table.filter(customers::shop_id.eq(row.shop_id)).select(CustomerRow::as_select());
    if let Some(email) = &row.email_folded {
        let same = of_shop.filter(customers::email_folded.eq(email)).get_result(connection).optional()?;
        if same.is_some() {
            return Ok(same);
        }
    }
    match &row.phone_number {
        Some(phone) => of_shop.filter(customers::phone_number.eq(phone)).get_result(connection).optional(),
        None => Ok(None),
    }
}

fn number_is_taken(connection: &mut SqliteConnection, shop: ShopId, number: i64) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(customers::table.find((shop.get(), number)))).get_result(connection)
}
