//! Customers.

mod erase;
mod filter;
mod lists;
mod merge;
mod merged;
mod same;
mod update;

use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{
    CreateCustomerOutcome, CustomerMerge, CustomerUpdate, Erased, MergeCustomersOutcome,
    UpdateCustomerOutcome,
};
use hexdesk_domain::{
    AuditStamp, Customer, CustomerFilter, CustomerId, CustomerStore, DeferredClaim, EventKind,
    IdempotentOutcome, NewCustomer, Page, PageSize, ShopId, Snapshot, StorageError,
};

use self::same::Lock;
use super::PostgresStorage;
use super::counters::{Numbered, next_number, note_number};
use super::errors::{Effect, Failure};
use super::events::append::append_one;
use super::idempotency::attempt;
use super::search::vectors::{Words, WordsOf};
use crate::sql::customers::{CustomerRow, NewCustomerRow};
use crate::sql::schema::{customers, merged_customers};

/// The maximum number of inserts. A conflicting row may be gone before it is read.
const ATTEMPTS: usize = 3;

#[async_trait]
impl CustomerStore for PostgresStorage {
    async fn create_customer(
        &self,
        shop: ShopId,
        customer: NewCustomer,
        claim: Option<DeferredClaim<CreateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<CreateCustomerOutcome>, StorageError> {
        self.connections
            .run("create_customer", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                attempt(connection, shop, claim.as_ref(), async move |connection| {
                    create(connection, shop, customer).await
                })
                .await
            })
            .await
    }

    async fn find_customer(&self, shop: ShopId, id: CustomerId) -> Result<Option<Customer>, StorageError> {
        self.connections
            .run("find_customer", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                let row = customers::table
                    .find((shop.get(), id.get()))
                    .select(CustomerRow::as_select())
                    .get_result(connection)
                    .await
                    .optional()?;
                Ok(row.map(TryInto::try_into).transpose()?)
            })
            .await
    }

    async fn list_customers(
        &self,
        shop: ShopId,
        filter: CustomerFilter,
        after: Option<CustomerId>,
        size: PageSize,
    ) -> Result<Page<Customer, CustomerId>, StorageError> {
        let layout = self.layout;
        self.connections
            .run("list_customers", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                lists::list(connection, layout, shop, filter, after, size).await
            })
            .await
    }

    async fn count_customers(&self, shop: ShopId, filter: CustomerFilter) -> Result<u64, StorageError> {
        let layout = self.layout;
        self.connections
            .run("count_customers", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                lists::count(connection, layout, shop, filter).await
            })
            .await
    }

    async fn update_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        update: CustomerUpdate,
        claim: Option<DeferredClaim<UpdateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateCustomerOutcome>, StorageError> {
        self.connections
            .run("update_customer", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                attempt(connection, shop, claim.as_ref(), async move |connection| {
                    update::update(connection, shop, id, update).await
                })
                .await
            })
            .await
    }

    async fn merge_customers(
        &self,
        shop: ShopId,
        merge: CustomerMerge,
        claim: Option<DeferredClaim<MergeCustomersOutcome>>,
    ) -> Result<IdempotentOutcome<MergeCustomersOutcome>, StorageError> {
        self.connections
            .run("merge_customers", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                attempt(connection, shop, claim.as_ref(), async move |connection| {
                    merge::merge(connection, shop, merge).await
                })
                .await
            })
            .await
    }

    async fn find_merged_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
    ) -> Result<Option<CustomerId>, StorageError> {
        self.connections
            .run("find_merged_customer", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                merged::find(connection, shop, id).await
            })
            .await
    }

    async fn erase_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        stamp: AuditStamp,
    ) -> Result<Option<Erased>, StorageError> {
        self.connections
            .run("erase_customer", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| erase::erase(connection, shop, id, stamp).await)
                    .await
            })
            .await
    }
}

/// Must run in a transaction.
async fn create(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    new: NewCustomer,
) -> Result<CreateCustomerOutcome, Failure> {
    if let Some(existing) = same::find(connection, shop, &new, Lock::AgainstErasure).await? {
        let mut filled = existing.clone();
        filled.fill_in(&new);
        if filled == existing {
            return Ok(CreateCustomerOutcome::Existing(existing));
        }
    }
    // From here on, one creation of the shop waits for the other, so that two cannot both miss the
    // customer that they have in common.
    note_number(connection, shop, Numbered::Customers, 0).await?;
    for _ in 0..ATTEMPTS {
        if let Some(existing) = same::find(connection, shop, &new, Lock::ToChange).await? {
            let mut filled = existing.clone();
            filled.fill_in(&new);
            if filled == existing {
                return Ok(CreateCustomerOutcome::Existing(existing));
            }
            if update::replace(connection, &filled).await? {
                let snapshot = Snapshot::Customer(Box::new(filled.clone()));
                append_one(connection, shop, EventKind::CustomerUpdated, snapshot, new.stamp).await?;
                return Ok(CreateCustomerOutcome::Existing(filled));
            }
            continue;
        }
        let id = match new.id.map(CustomerId::get) {
            Some(id) if is_taken(connection, shop, id).await? => return Ok(CreateCustomerOutcome::IdTaken),
            Some(id) => {
                note_number(connection, shop, Numbered::Customers, id).await?;
                id
            }
            None => next_number(connection, shop, Numbered::Customers).await?,
        };
        if let Some(created) = insert(connection, shop, id, &new).await? {
            let snapshot = Snapshot::Customer(Box::new(created.clone()));
            append_one(connection, shop, EventKind::CustomerCreated, snapshot, new.stamp).await?;
            return Ok(CreateCustomerOutcome::Created(created));
        }
    }
    Err(Failure::Unexpected("a conflicting customer cannot be read"))
}

async fn is_taken(connection: &mut AsyncPgConnection, shop: ShopId, id: i64) -> QueryResult<bool> {
    let customer = exists(customers::table.find((shop.get(), id)));
    let merged = exists(merged_customers::table.find((shop.get(), id)));
    diesel::select(customer.or(merged)).get_result(connection).await
}

async fn insert(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    id: i64,
    new: &NewCustomer,
) -> Result<Option<Customer>, Failure> {
    let words = Words::of_new_customer(shop, new);
    let row = NewCustomerRow { id: Some(id), ..NewCustomerRow::new(shop, new.clone()) };
    let inserted = diesel::insert_into(customers::table)
        .values((row, WordsOf(customers::table).eq(&words)))
        .on_conflict_do_nothing()
        .returning(CustomerRow::as_select())
        .get_result(connection)
        .await
        .optional()?;
    Ok(inserted.map(TryInto::try_into).transpose()?)
}
