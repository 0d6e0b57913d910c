//! A storage whose tickets and comments are created through group commit.

use std::sync::Arc;

use hexdesk_adapters::GroupCommit;
use hexdesk_contract::async_trait;
use hexdesk_domain::ports::{
    CommentCreation, CreateCommentOutcome, CreateCustomerOutcome, CreateKeyOutcome, CreateShopOutcome,
    CreateTicketOutcome, CreateUserOutcome, CustomerUpdate, DeleteTicketOutcome, Erased, KeyRotation,
    RotateKeyOutcome, TicketCreation, TicketUpdate, UpdateCustomerOutcome, UpdateTicketOutcome,
    UpdateUserOutcome, UserUpdate,
};
use hexdesk_domain::{
    ApiKey, ApiKeyStore, AuditStamp, CommentPosition, CommentStore, CommentView, Customer, CustomerFilter,
    CustomerId, CustomerStore, DeferredClaim, Event, EventPosition, EventStore, IdRange, IdRangeStore,
    IdempotentOutcome, KeyNumber, NewApiKey, NewCustomer, NewUser, Page, Readiness, RetentionStore,
    SearchPosition, SearchQuery, SearchStore, Shop, ShopDomain, ShopId, ShopStore, Storage, StorageError,
    TicketFilter, TicketId, TicketPosition, TicketStore, TicketView, Timestamp, User, UserFilter, UserId,
    UserStore,
};
use tokio::runtime::Handle;

pub(crate) struct GroupedStorage {
    storage: Arc<dyn Storage>,
    group: GroupCommit,
}

impl GroupedStorage {
    /// This storage, through group commit on the runtime that this is called on.
    pub(crate) fn new(storage: impl Storage + 'static) -> Self {
        let storage: Arc<dyn Storage> = Arc::new(storage);
        Self { group: GroupCommit::new(storage.clone(), storage.clone(), Handle::current()), storage }
    }
}

#[async_trait]
impl ShopStore for GroupedStorage {
    async fn create_shop(
        &self,
        domain: &ShopDomain,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        self.storage.create_shop(domain, now).await
    }

    async fn find_shop(&self, domain: &ShopDomain) -> Result<Option<Shop>, StorageError> {
        self.storage.find_shop(domain).await
    }

    async fn list_shops(&self) -> Result<Vec<Shop>, StorageError> {
        self.storage.list_shops().await
    }

    async fn close_shop(&self, domain: &ShopDomain, now: Timestamp) -> Result<Option<Shop>, StorageError> {
        self.storage.close_shop(domain, now).await
    }
}

#[async_trait]
impl CustomerStore for GroupedStorage {
    async fn create_customer(
        &self,
        shop: ShopId,
        customer: NewCustomer,
        once: Option<DeferredClaim<CreateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<CreateCustomerOutcome>, StorageError> {
        self.storage.create_customer(shop, customer, once).await
    }

    async fn find_customer(&self, shop: ShopId, id: CustomerId) -> Result<Option<Customer>, StorageError> {
        self.storage.find_customer(shop, id).await
    }

    async fn list_customers(
        &self,
        shop: ShopId,
        filter: CustomerFilter,
        after: Option<CustomerId>,
        limit: u32,
    ) -> Result<Page<Customer, CustomerId>, StorageError> {
        self.storage.list_customers(shop, filter, after, limit).await
    }

    async fn count_customers(&self, shop: ShopId, filter: CustomerFilter) -> Result<u64, StorageError> {
        self.storage.count_customers(shop, filter).await
    }

    async fn update_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        update: CustomerUpdate,
        once: Option<DeferredClaim<UpdateCustomerOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateCustomerOutcome>, StorageError> {
        self.storage.update_customer(shop, id, update, once).await
    }

    async fn erase_customer(
        &self,
        shop: ShopId,
        id: CustomerId,
        stamp: AuditStamp,
    ) -> Result<Option<Erased>, StorageError> {
        self.storage.erase_customer(shop, id, stamp).await
    }
}

#[async_trait]
impl UserStore for GroupedStorage {
    async fn create_user(
        &self,
        shop: ShopId,
        user: NewUser,
        once: Option<DeferredClaim<CreateUserOutcome>>,
    ) -> Result<IdempotentOutcome<CreateUserOutcome>, StorageError> {
        self.storage.create_user(shop, user, once).await
    }

    async fn find_user(&self, shop: ShopId, id: UserId) -> Result<Option<User>, StorageError> {
        self.storage.find_user(shop, id).await
    }

    async fn list_users(
        &self,
        shop: ShopId,
        filter: UserFilter,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Page<User, UserId>, StorageError> {
        self.storage.list_users(shop, filter, after, limit).await
    }

    async fn count_users(&self, shop: ShopId, filter: UserFilter) -> Result<u64, StorageError> {
        self.storage.count_users(shop, filter).await
    }

    async fn update_user(
        &self,
        shop: ShopId,
        id: UserId,
        update: UserUpdate,
        once: Option<DeferredClaim<UpdateUserOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateUserOutcome>, StorageError> {
        self.storage.update_user(shop, id, update, once).await
    }
}

#[async_trait]
impl TicketStore for GroupedStorage {
    async fn create_tickets(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        self.group.create_tickets(batch).await
    }

    async fn find_ticket(&self, shop: ShopId, id: TicketId) -> Result<Option<TicketView>, StorageError> {
        self.group.find_ticket(shop, id).await
    }

    async fn list_tickets(
        &self,
        shop: ShopId,
        filter: TicketFilter,
        after: Option<TicketPosition>,
        limit: u32,
    ) -> Result<Page<TicketView, TicketPosition>, StorageError> {
        self.group.list_tickets(shop, filter, after, limit).await
    }

    async fn update_ticket(
        &self,
        shop: ShopId,
        id: TicketId,
        update: TicketUpdate,
        once: Option<DeferredClaim<UpdateTicketOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateTicketOutcome>, StorageError> {
        self.group.update_ticket(shop, id, update, once).await
    }

    async fn delete_ticket(
        &self,
        shop: ShopId,
        id: TicketId,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> Result<DeleteTicketOutcome, StorageError> {
        self.group.delete_ticket(shop, id, expected_version, stamp).await
    }

    async fn count_tickets(&self, shop: ShopId, filter: TicketFilter) -> Result<u64, StorageError> {
        self.group.count_tickets(shop, filter).await
    }
}

#[async_trait]
impl CommentStore for GroupedStorage {
    async fn create_comments(
        &self,
        batch: Vec<CommentCreation>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        self.group.create_comments(batch).await
    }

    async fn list_comments(
        &self,
        shop: ShopId,
        ticket: TicketId,
        after: Option<CommentPosition>,
        limit: Option<u32>,
    ) -> Result<Option<Page<CommentView, CommentPosition>>, StorageError> {
        self.group.list_comments(shop, ticket, after, limit).await
    }

    async fn count_comments(&self, shop: ShopId, ticket: TicketId) -> Result<Option<u64>, StorageError> {
        self.group.count_comments(shop, ticket).await
    }
}

#[async_trait]
impl SearchStore for GroupedStorage {
    async fn search_tickets(
        &self,
        shop: ShopId,
        query: SearchQuery,
        after: Option<SearchPosition>,
        limit: u32,
    ) -> Result<Option<Page<TicketView, SearchPosition>>, StorageError> {
        self.storage.search_tickets(shop, query, after, limit).await
    }
}

#[async_trait]
impl ApiKeyStore for GroupedStorage {
    async fn create_key(
        &self,
        shop: ShopId,
        key: NewApiKey,
        once: Option<DeferredClaim<CreateKeyOutcome>>,
    ) -> Result<IdempotentOutcome<CreateKeyOutcome>, StorageError> {
        self.storage.create_key(shop, key, once).await
    }

    async fn find_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
    ) -> Result<Option<(ApiKey, Shop)>, StorageError> {
        self.storage.find_key(shop, number).await
    }

    async fn list_keys(
        &self,
        shop: ShopId,
        after: Option<KeyNumber>,
        limit: u32,
    ) -> Result<Page<ApiKey, KeyNumber>, StorageError> {
        self.storage.list_keys(shop, after, limit).await
    }

    async fn count_keys(&self, shop: ShopId) -> Result<u64, StorageError> {
        self.storage.count_keys(shop).await
    }

    async fn revoke_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        stamp: AuditStamp,
    ) -> Result<Option<ApiKey>, StorageError> {
        self.storage.revoke_key(shop, number, stamp).await
    }

    async fn rotate_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        rotation: KeyRotation,
        once: Option<DeferredClaim<RotateKeyOutcome>>,
    ) -> Result<IdempotentOutcome<RotateKeyOutcome>, StorageError> {
        self.storage.rotate_key(shop, number, rotation, once).await
    }
}

#[async_trait]
impl EventStore for GroupedStorage {
    async fn list_events(
        &self,
        shop: ShopId,
        after: Option<EventPosition>,
        limit: u32,
    ) -> Result<Page<Event, EventPosition>, StorageError> {
        self.storage.list_events(shop, after, limit).await
    }
}

#[async_trait]
impl RetentionStore for GroupedStorage {
    async fn remove_idempotency_records(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        self.storage.remove_idempotency_records(before, limit).await
    }

    async fn remove_events(&self, shop: ShopId, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        self.storage.remove_events(shop, before, limit).await
    }
}

#[async_trait]
impl IdRangeStore for GroupedStorage {
    async fn reserve_id_range(
        &self,
        now: Timestamp,
        span_millis: i64,
        current: Option<IdRange>,
    ) -> Result<IdRange, StorageError> {
        self.storage.reserve_id_range(now, span_millis, current).await
    }
}

#[async_trait]
impl Readiness for GroupedStorage {
    async fn check_ready(&self) -> Result<(), StorageError> {
        self.storage.check_ready().await
    }
}
