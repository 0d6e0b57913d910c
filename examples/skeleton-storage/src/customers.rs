//! The obligations CUSTOMER are in the documentation of [`CustomerStore`].

use async_trait::async_trait;
use hexdesk_domain::ports::{
    CreateCustomerOutcome, CustomerMerge, CustomerUpdate, Erased, MergeCustomersOutcome,
    UpdateCustomerOutcome,
};
use hexdesk_domain::{
    AuditStamp, Customer, CustomerFilter, CustomerId, CustomerStore, DeferredClaim, IdempotentOutcome,
    NewCustomer, Page, PageSize, ShopId, StorageError,
};

use crate::{SkeletonStorage, not_implemented};

#[async_trait]
impl CustomerStore for SkeletonStorage {
    async fn create_customer(
        &self,
        shop: ShopId,
        customer: NewCustomer,
        claim: Option<DeferredClaim<CreateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<CreateCustomerOutcome>, StorageError> {
        not_implemented("create_customer")
    }

    async fn find_customer(&self, shop: ShopId, id: CustomerId) -> Result<Option<Customer>, StorageError> {
        not_implemented("find_customer")
    }

    async fn list_customers(
        &self,
        shop: ShopId,
        filter: CustomerFilter,
        after: Option<CustomerId>,
        size: PageSize,
    ) -> Result<Page<Customer, CustomerId>, StorageError> {
        not_implemented("list_customers")
    }

    async fn count_customers(&self, shop: ShopId, filter: CustomerFilter) -> Result<u64, StorageError> {
        not_implemented("count_customers")
    }

    async fn update_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        update: CustomerUpdate,
        claim: Option<DeferredClaim<UpdateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateCustomerOutcome>, StorageError> {
        not_implemented("update_customer")
    }

    async fn merge_customers(
        &self,
        shop: ShopId,
        merge: CustomerMerge,
        claim: Option<DeferredClaim<MergeCustomersOutcome>>,
    ) -> Result<IdempotentOutcome<MergeCustomersOutcome>, StorageError> {
        not_implemented("merge_customers")
    }

    async fn find_merged_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
    ) -> Result<Option<CustomerId>, StorageError> {
        not_implemented("find_merged_customer")
    }

    async fn erase_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        stamp: AuditStamp,
    ) -> Result<Option<Erased>, StorageError> {
        not_implemented("erase_customer")
    }
}
