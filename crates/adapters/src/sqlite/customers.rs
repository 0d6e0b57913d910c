//! Customers.

pub(super) mod erase;
mod filter;
mod lists;
mod merge;
pub(super) mod merged;
mod update;

use anyhow::Context;
use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sqlite::{Sqlite, SqliteConnection};
use hexdesk_domain::ports::{
    CreateCustomerOutcome, CustomerMerge, CustomerUpdate, Erased, MergeCustomersOutcome,
    UpdateCustomerOutcome,
};
use hexdesk_domain::{
    AuditStamp, Customer, CustomerFilter, CustomerId, CustomerStore, DeferredClaim, EventKind,
    IdempotentOutcome, NewCustomer, Page, PageSize, ShopId, Snapshot, StorageError,
};

use super::SqliteStorage;
use super::counters::{Counted, next_number, note_number};
use super::events::append::EventLog;
use super::idempotency::attempt;
use super::presence::{is_being_erased, is_present};
use super::search::index;
use crate::sql::customers::{CustomerRow, NewCustomerRow};
use crate::sql::schema::{customers, merged_customers};

#[async_trait]
impl CustomerStore for SqliteStorage {
    async fn create_customer(
        &self,
        shop: ShopId,
        customer: NewCustomer,
        claim: Option<DeferredClaim<CreateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<CreateCustomerOutcome>, StorageError> {
        let number = customer.id;
        loop {
            let (new, claim) = (customer.clone(), claim.clone());
            let attempt = self.write("create_customer", move |connection| {
                if let Some(number) = number
                    && is_being_erased(connection, shop, number)?
                {
                    return Ok(None);
                }
                attempt(connection, shop, claim.as_ref(), |connection| create(connection, shop, new))
                    .map(Some)
            });
            match (attempt.await?, number) {
                (Some(outcome), _) => return Ok(outcome),
                // The number is free once the rows of its last customer are gone.
                (None, Some(number)) => self.eraser.wait_for("create_customer", shop, number).await?,
                (None, None) => {}
            }
        }
    }

    async fn find_customer(&self, shop: ShopId, id: CustomerId) -> Result<Option<Customer>, StorageError> {
        self.read("find_customer", move |connection| find(connection, shop, id)).await
    }

    async fn list_customers(
        &self,
        shop: ShopId,
        filter: CustomerFilter,
        after: Option<CustomerId>,
        size: PageSize,
    ) -> Result<Page<Customer, CustomerId>, StorageError> {
        self.read("list_customers", move |connection| lists::list(connection, shop, filter, after, size))
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

    async fn merge_customers(
        &self,
        shop: ShopId,
        merge: CustomerMerge,
        claim: Option<DeferredClaim<MergeCustomersOutcome>>,
    ) -> Result<IdempotentOutcome<MergeCustomersOutcome>, StorageError> {
        self.write("merge_customers", move |connection| {
            attempt(connection, shop, claim.as_ref(), |connection| merge::merge(connection, shop, merge))
        })
        .await
    }

    async fn find_merged_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
    ) -> Result<Option<CustomerId>, StorageError> {
        self.read("find_merged_customer", move |connection| merged::find(connection, shop, id)).await
    }

    async fn erase_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        stamp: AuditStamp,
    ) -> Result<Option<Erased>, StorageError> {
        self.eraser.erase(&self.writer, shop, id, stamp).await
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
        .filter(is_present())
        .select(CustomerRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}

fn create(
    connection: &mut SqliteConnection,
    shop: ShopId,
    new: NewCustomer,
) -> anyhow::Result<CreateCustomerOutcome> {
    let stamp = new.stamp;
    if let Some(existing) = find_same(connection, shop, &new)? {
        let mut filled = existing.clone();
        filled.fill_in(&new);
        if filled != existing {
            update::replace(connection, &existing, &filled)?;
            let snapshot = Snapshot::Customer(Box::new(filled.clone()));
            EventLog::default().append(connection, shop, EventKind::CustomerUpdated, snapshot, stamp)?;
        }
        return Ok(CreateCustomerOutcome::Existing(filled));
    }
    let mut row = NewCustomerRow::new(shop, new);
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

/// The shop's customer who is the same person: see [`NewCustomer::is_same`].
fn find_same(
    connection: &mut SqliteConnection,
    shop: ShopId,
    new: &NewCustomer,
) -> anyhow::Result<Option<Customer>> {
    let any = CustomerFilter::default;
    let by_email = new.email.iter().map(|email| CustomerFilter { email: Some(email.clone()), ..any() });
    let by_id = new.external_ids.each().map(|external_ids| CustomerFilter { external_ids, ..any() });
    for filter in by_email.chain(by_id) {
        if let Some(same) = first(connection, shop, filter, false)? {
            return Ok(Some(same));
        }
    }
    let Some(phone_number) = new.phone_number.clone() else { return Ok(None) };
    let filter = CustomerFilter { phone_number: Some(phone_number), ..any() };
    first(connection, shop, filter, new.email.is_some())
}

/// The customer with the smallest number that meets the filter.
fn first(
    connection: &mut SqliteConnection,
    shop: ShopId,
    filter: CustomerFilter,
    without_email: bool,
) -> anyhow::Result<Option<Customer>> {
    let of_shop = customers::table
        .filter(customers::shop_id.eq(shop.get()))
        .order(customers::id)
        .select(CustomerRow::as_select())
        .limit(1)
        .into_boxed::<Sqlite>();
    let mut first = filter::add(of_shop, shop, filter);
    if without_email {
        first = first.filter(customers::email_folded.is_null());
    }
    Ok(first.get_result(connection).optional()?.map(TryInto::try_into).transpose()?)
}

fn number_is_taken(connection: &mut SqliteConnection, shop: ShopId, number: i64) -> QueryResult<bool> {
    let customer = exists(customers::table.find((shop.get(), number)));
    let merged = exists(merged_customers::table.find((shop.get(), number)));
    diesel::select(customer.or(merged)).get_result(connection)
}
