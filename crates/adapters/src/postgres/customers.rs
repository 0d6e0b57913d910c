use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use hexdesk_domain::ports::{CreateCustomerOutcome, Erased, UpdateCustomerOutcome};
use hexdesk_domain::{
    Attempt, Customer, CustomerChanges, CustomerFilter, CustomerId, CustomerStore, NewCustomer, Once, Page,
    ShopId, StorageError,
};

use super::PostgresStorage;
use super::errors::{Effect, Failure};
use super::once::attempt;
use crate::rows::{CustomerRow, NewCustomerRow};
use crate::schema::customers;

/// How often to number anew when the number turns out to be taken.
const ATTEMPTS: usize = 3;

#[async_trait]
impl CustomerStore for PostgresStorage {
    async fn create_customer(
        &self,
        shop: ShopId,
        customer: NewCustomer,
        once: Option<Once<CreateCustomerOutcome>>,
    ) -> Result<Attempt<CreateCustomerOutcome>, StorageError> {
        let row = NewCustomerRow::new(shop, customer);
        self.connections
            .run("create_customer", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                match (once, row.id) {
                    (Some(once), _) => {
                        attempt(connection, shop, &once, async move |connection| {
                            create(connection, row).await
                        })
                        .await
                    }
                    (None, Some(_)) => connection
                        .transaction(async |connection| create(connection, row).await)
                        .await
                        .map(Attempt::Ran),
                    (None, None) => create(connection, row).await.map(Attempt::Ran),
                }
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
        _: ShopId,
        _: CustomerFilter,
        _: Option<CustomerId>,
        _: u32,
    ) -> Result<Page<Customer, CustomerId>, StorageError> {
        todo!()
    }
    async fn count_customers(&self, _: ShopId, _: CustomerFilter) -> Result<u64, StorageError> {
        todo!()
    }
    async fn update_customer(
        &self,
        _: ShopId,
        _: CustomerId,
        _: CustomerChanges,
        _: Option<Once<UpdateCustomerOutcome>>,
    ) -> Result<Attempt<UpdateCustomerOutcome>, StorageError> {
        todo!()
    }
    async fn erase_customer(&self, _: ShopId, _: CustomerId) -> Result<Option<Erased>, StorageError> {
        todo!()
    }
}

/// Must run in a transaction if a number is asked for.
async fn create(
    connection: &mut AsyncPgConnection,
    row: NewCustomerRow,
) -> Result<CreateCustomerOutcome, Failure> {
    if let Some(id) = row.id {
        return create_with_id(connection, row, id).await;
    }
    for _ in 0..ATTEMPTS {
        if let Some(created) = insert(connection, &row).await? {
            return Ok(CreateCustomerOutcome::Created(created));
        }
        if let Some(existing) = find_same(connection, &row).await? {
            return Ok(CreateCustomerOutcome::Existing(existing));
        }
    }
    Err(Failure::Surprise("a customer is in the way and is not there"))
}

/// Must run in a transaction.
async fn create_with_id(
    connection: &mut AsyncPgConnection,
    row: NewCustomerRow,
    id: i64,
) -> Result<CreateCustomerOutcome, Failure> {
    // Nobody else numbers a customer until the sequence has been moved past this one.
    connection.batch_execute("LOCK TABLE customers IN SHARE ROW EXCLUSIVE MODE").await?;
    if let Some(created) = insert(connection, &row).await? {
        diesel::sql_query(
            "SELECT setval('customers_id_seq', greatest($1, (SELECT last_value FROM customers_id_seq)))",
        )
        .bind::<BigInt, _>(id)
        .execute(connection)
        .await?;
        return Ok(CreateCustomerOutcome::Created(created));
    }
    let existing = find_same(connection, &row).await?;
    Ok(existing.map_or(CreateCustomerOutcome::IdTaken, CreateCustomerOutcome::Existing))
}

async fn insert(
    connection: &mut AsyncPgConnection,
    row: &NewCustomerRow,
) -> Result<Option<Customer>, Failure> {
    // All rows, although there is one: the first arrives before the statement has committed.
    let inserted = diesel::insert_into(customers::table)
        .values(row)
        .on_conflict_do_nothing()
        .returning(CustomerRow::as_select())
        .get_results(connection)
        .await?
        .pop();
    Ok(inserted.map(TryInto::try_into).transpose()?)
}

/// The shop's customer with the same e-mail address, else the one with the same phone
/// number.
async fn find_same(
    connection: &mut AsyncPgConnection,
    row: &NewCustomerRow,
) -> Result<Option<Customer>, Failure> {
    let of_shop = customers::table.filter(customers::shop_id.eq(row.shop_id));
    if let Some(email) = &row.email_folded {
        let same = of_shop
            .filter(customers::email_folded.eq(email))
            .select(CustomerRow::as_select())
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
        .get_result(connection)
        .await
        .optional()?;
    Ok(same.map(TryInto::try_into).transpose()?)
}
