mod erase;
mod merge;
mod tables;
mod update;

use anyhow::Context;
use async_trait::async_trait;
use hexdesk_domain::ports::{
    CreateCustomerOutcome, CustomerMerge, CustomerUpdate, Erased, MergeCustomersOutcome,
    UpdateCustomerOutcome,
};
use hexdesk_domain::{
    AuditStamp, Customer, CustomerFilter, CustomerId, CustomerStore, DeferredClaim, IdempotentOutcome,
    NewCustomer, NewEvent, Page, PageSize, ShopId, StorageError,
};
use redb::{ReadableTable, WriteTransaction};

use crate::encoding::{decode, find};
use crate::events::EventLog;
use crate::numbers::count_of;
use crate::tables::{CUSTOMERS, IDEMPOTENCY_RECORDS, Json, MERGED_CUSTOMERS, NumberInShop};
use crate::{RedbStorage, idempotency, shops};

pub(crate) use tables::CustomerTables;

#[async_trait]
impl CustomerStore for RedbStorage {
    async fn create_customer(
        &self,
        shop: ShopId,
        customer: NewCustomer,
        claim: Option<DeferredClaim<CreateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<CreateCustomerOutcome>, StorageError> {
        self.write("create_customer", move |transaction| {
            let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
            idempotency::run(&mut records, shop, claim, || create(transaction, shop, customer))
        })
        .await
    }

    async fn find_customer(&self, shop: ShopId, id: CustomerId) -> Result<Option<Customer>, StorageError> {
        self.read("find_customer", move |transaction| {
            find(&transaction.open_table(CUSTOMERS)?, shop, id.get())
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
        self.read("list_customers", move |transaction| {
            let customers = transaction.open_table(CUSTOMERS)?;
            Page::try_from_list(matching(&customers, shop, &filter, after)?, size, |customer| customer.id)
        })
        .await
    }

    async fn count_customers(&self, shop: ShopId, filter: CustomerFilter) -> Result<u64, StorageError> {
        self.read("count_customers", move |transaction| {
            count_of(matching(&transaction.open_table(CUSTOMERS)?, shop, &filter, None)?)
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
        self.write("update_customer", move |transaction| {
            let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
            idempotency::run(&mut records, shop, claim, || update::update(transaction, shop, id, update))
        })
        .await
    }

    async fn merge_customers(
        &self,
        shop: ShopId,
        merge: CustomerMerge,
        claim: Option<DeferredClaim<MergeCustomersOutcome>>,
    ) -> Result<IdempotentOutcome<MergeCustomersOutcome>, StorageError> {
        self.write("merge_customers", move |transaction| {
            let mut records = transaction.open_table(IDEMPOTENCY_RECORDS)?;
            idempotency::run(&mut records, shop, claim, || merge::merge(transaction, shop, merge))
        })
        .await
    }

    async fn find_merged_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
    ) -> Result<Option<CustomerId>, StorageError> {
        self.read("find_merged_customer", move |transaction| {
            let merged = transaction.open_table(MERGED_CUSTOMERS)?;
            let into = merged.get((shop.get(), id.get()))?.map(|into| into.value());
            into.map(|into| CustomerId::new(into).context("a stored customer number is out of range"))
                .transpose()
        })
        .await
    }

    async fn erase_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        stamp: AuditStamp,
    ) -> Result<Option<Erased>, StorageError> {
        self.write("erase_customer", move |transaction| erase::erase(transaction, shop, id, stamp)).await
    }
}

fn create(
    transaction: &WriteTransaction,
    shop: ShopId,
    new: NewCustomer,
) -> anyhow::Result<CreateCustomerOutcome> {
    shops::require(transaction, shop)?;
    let mut customers = CustomerTables::open(transaction)?;
    if let Some(existing) = customers.find_same(shop, &new)? {
        let mut filled = existing.clone();
        filled.fill_in(&new);
        if filled != existing {
            customers.replace(&existing, &filled)?;
            EventLog::open(transaction)?.append(
                shop,
                new.stamp,
                [NewEvent::customer_updated(filled.clone())],
            )?;
        }
        return Ok(CreateCustomerOutcome::Existing(filled));
    }
    let id = match new.id {
        Some(id) if customers.is_taken(shop, id)? => return Ok(CreateCustomerOutcome::IdTaken),
        Some(id) => id,
        None => customers.next_id(shop)?,
    };
    let stamp = new.stamp;
    let customer = new.into_customer(shop, id);
    customers.add(&customer)?;
    EventLog::open(transaction)?.append(shop, stamp, [NewEvent::customer_created(customer.clone())])?;
    Ok(CreateCustomerOutcome::Created(customer))
}

/// Returns the shop's customers that match the filter, after this one. The scan starts at the end
/// of the table, because the largest number is first (CUSTOMER-9).
fn matching<'a>(
    customers: &'a impl ReadableTable<NumberInShop, Json>,
    shop: ShopId,
    filter: &'a CustomerFilter,
    after: Option<CustomerId>,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Customer>> + 'a> {
    let end = after.map_or(i64::MAX, CustomerId::get);
    let list = customers.range((shop.get(), i64::MIN)..(shop.get(), end))?.rev().map(move |entry| {
        let (_, stored) = entry?;
        decode(stored.value())
    });
    Ok(list.filter(move |customer| customer.as_ref().map_or(true, |customer| filter.matches(customer))))
}
