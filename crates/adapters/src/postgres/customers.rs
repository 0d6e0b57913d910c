//! Customers.

mod erase;
mod filter;
mod lists;
mod update;

use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::{CreateCustomerOutcome, CustomerUpdate, Erased, UpdateCustomerOutcome};
use hexdesk_domain::{
    AuditStamp, Customer, CustomerFilter, CustomerId, CustomerStore, DeferredClaim, EventKind,
    IdempotentOutcome, NewCustomer, Page, PageSize, ShopId, Snapshot, StorageError,
};

use super::PostgresStorage;
use super::counters::{Numbered, next_number, note_number};
use super::errors::{Effect, Failure};
use super::events::append::append_one;
use super::idempotency::attempt;
use super::search::vectors::{Words, WordsOf};
use crate::sql::customers::{CustomerRow, NewCustomerRow};
use crate::sql::schema::customers;

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
        let words = Words::of_new_customer(shop, &customer);
        let stamp = customer.stamp;
        let row = NewCustomerRow::new(shop, customer);
        self.connections
            .run("create_customer", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                attempt(connection, shop, claim.as_ref(), async move |connection| {
                    create(connection, shop, row, words, stamp).await
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
        self.connections
            .run("list_customers", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                lists::list(connection, shop, filter, after, size).await
            })
            .await
    }

    async fn count_customers(&self, shop: ShopId, filter: CustomerFilter) -> Result<u64, StorageError> {
        self.connections
            .run("count_customers", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                lists::count(connection, shop, filter).await
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
    mut row: NewCustomerRow,
    words: Words,
    stamp: AuditStamp,
) -> Result<CreateCustomerOutcome, Failure> {
    let requested = row.id;
    for _ in 0..ATTEMPTS {
        if let Some(existing) = find_same(connection, &row).await? {
            return Ok(CreateCustomerOutcome::Existing(existing));
        }
        match requested {
            Some(id) if is_taken(connection, shop, id).await? => return Ok(CreateCustomerOutcome::IdTaken),
            Some(id) => note_number(connection, shop, Numbered::Customers, id).await?,
            None => row.id = Some(next_number(connection, shop, Numbered::Customers).await?),
        }
        if let Some(created) = insert(connection, &row, &words).await? {
            let snapshot = Snapshot::Customer(Box::new(created.clone()));
            append_one(connection, shop, EventKind::CustomerCreated, snapshot, stamp).await?;
            return Ok(CreateCustomerOutcome::Created(created));
        }
    }
    Err(Failure::Unexpected("a conflicting customer cannot be read"))
}

async fn is_taken(connection: &mut AsyncPgConnection, shop: ShopId, id: i64) -> QueryResult<bool> {
    diesel::select(exists(customers::table.find((shop.get(), id)))).get_result(connection).await
}

async fn insert(
    connection: &mut AsyncPgConnection,
    row: &NewCustomerRow,
    words: &Words,
) -> Result<Option<Customer>, Failure> {
    let inserted = diesel::insert_into(customers::table)
        .values((row, WordsOf(customers::table).eq(words)))
        .on_conflict_do_nothing()
        .returning(CustomerRow::as_select())
        .get_result(connection)
        .await
        .optional()?;
    Ok(inserted.map(TryInto::try_into).transpose()?)
}

/// The shop's customer with the same e-mail address, or else with the same phone number. Locks the
/// customer against erasure until the transaction ends.
async fn find_same(
    connection: &mut AsyncPgConnection,
    row: &NewCustomerRow,
) -> Result<Option<Customer>, Failure> {
    let of_shop = customers::table.filter(customers::shop_id.eq(row.shop_id));
    if let Some(email) = &row.email_folded {
        let same = of_shop
            .filter(customers::email_folded.eq(email))
            .select(CustomerRow::as_select())
            .for_key_share()
            .get_result(connection)
            .await
            .optional()?;
        if let Some(same) = same {
            return Ok(Some(same.try_into()?));
        }
    }
    let Some(phone_number) = &row.phone_number else { return Ok(None) };
    let same = of_shop
        .filter(customers::phone_number.eq(phone_number))
        .select(CustomerRow::as_select())
        .for_key_share()
        .get_result(connection)
        .await
        .optional()?;
    Ok(same.map(TryInto::try_into).transpose()?)
}
