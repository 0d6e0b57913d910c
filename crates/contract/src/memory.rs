//! The reference adapter: what the obligations say, in plain maps, and nothing else.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::anyhow;
use async_trait::async_trait;
use hexdesk_domain::ports::{
    CreateCustomerOutcome, CreateShopOutcome, CreateTicketOutcome, CreateUserOutcome, RotateKeyOutcome,
    TicketCreation,
};
use hexdesk_domain::{
    ApiKey, ApiKeyStore, Customer, CustomerId, CustomerStore, Fingerprint, HumanTicket, HumanTicketId,
    IdRange, IdRangeStore, IdempotencyKey, IdempotencyRequest, KeyNumber, NewApiKey, NewCustomer, NewUser,
    NodeNumber, Readiness, Receipt, SecretHash, Shop, ShopDomain, ShopId, ShopStore, StorageError,
    StorageErrorKind, Ticket, TicketId, TicketStore, TicketView, Timestamp, User, UserId, UserStore,
    fold_email,
};

/// Keeps everything in the memory of one process.
///
/// It meets every obligation but durability, and is written to be read: when the text
/// of an obligation leaves a doubt, this is what it means. Each method holds one lock
/// for the whole of its work, so commands are atomic, ordered and cannot be cancelled
/// half-way.
#[derive(Debug, Default)]
pub struct MemoryStorage(Mutex<State>);

/// Everything that is kept.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) shops: BTreeMap<ShopId, Shop>,
    pub(crate) customers: BTreeMap<(ShopId, CustomerId), Customer>,
    pub(crate) users: BTreeMap<(ShopId, UserId), User>,
    pub(crate) tickets: BTreeMap<(ShopId, TicketId), StoredTicket>,
    pub(crate) human_tickets: BTreeMap<(ShopId, HumanTicketId), HumanTicket>,
    pub(crate) idempotency_records: BTreeMap<RecordKey, IdempotencyRecord>,
    pub(crate) api_keys: BTreeMap<(ShopId, KeyNumber), ApiKey>,
    pub(crate) id_range_ends: BTreeMap<NodeNumber, Timestamp>,
}

/// A ticket and the number of the human ticket it opened.
#[derive(Debug, Clone)]
pub(crate) struct StoredTicket {
    pub(crate) ticket: Ticket,
    pub(crate) human_ticket: Option<HumanTicketId>,
}

/// The shop, the operation and the caller's key.
pub(crate) type RecordKey = (ShopId, String, IdempotencyKey);

/// The first use of an idempotency key.
#[derive(Debug, Clone)]
pub(crate) struct IdempotencyRecord {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) receipt: Receipt,
}

impl MemoryStorage {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A panic under the lock can only come from a failed allocation; what was kept
        // before is still there and no worse than without the panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unexpected(operation: &'static str, reason: &'static str) -> StorageError {
    StorageError::new(StorageErrorKind::Unexpected, operation, anyhow!(reason))
}

/// The number after the largest in use.
fn next_number(numbers: impl Iterator<Item = i64>) -> i64 {
    numbers.max().map_or(1, |largest| largest.saturating_add(1))
}

impl State {
    pub(crate) fn shop_of(&self, domain: &ShopDomain) -> Option<&Shop> {
        self.shops.values().find(|shop| shop.domain == *domain)
    }

    pub(crate) fn next_shop_id(&self) -> Option<ShopId> {
        ShopId::new(next_number(self.shops.keys().map(|id| id.get())))
    }

    pub(crate) fn customers_of(&self, shop: ShopId) -> impl Iterator<Item = &Customer> {
        self.customers.values().filter(move |customer| customer.shop_id == shop)
    }

    pub(crate) fn next_customer_id(&self, shop: ShopId) -> Option<CustomerId> {
        CustomerId::new(next_number(self.customers_of(shop).map(|customer| customer.id.get())))
    }

    pub(crate) fn users_of(&self, shop: ShopId) -> impl Iterator<Item = &User> {
        self.users.values().filter(move |user| user.shop_id == shop)
    }

    pub(crate) fn next_user_id(&self, shop: ShopId) -> Option<UserId> {
        UserId::new(next_number(self.users_of(shop).map(|user| user.id.get())))
    }

    pub(crate) fn keys_of(&self, shop: ShopId) -> impl Iterator<Item = &ApiKey> {
        self.api_keys.values().filter(move |key| key.shop_id == shop)
    }

    fn create_shop(
        &mut self,
        domain: &ShopDomain,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        if let Some(shop) = self.shop_of(domain) {
            return Ok(CreateShopOutcome::AlreadyExists(shop.clone()));
        }
        let id = self.next_shop_id().ok_or_else(|| unexpected("create_shop", "no shop number left"))?;
        let shop = Shop { id, domain: domain.clone(), created_at: now, closed_at: None };
        self.shops.insert(id, shop.clone());
        Ok(CreateShopOutcome::Created(shop))
    }

    fn create_customer(
        &mut self,
        shop: ShopId,
        new: NewCustomer,
    ) -> Result<CreateCustomerOutcome, StorageError> {
        let folded = new.email.as_deref().map(fold_email);
        let same_email =
            |customer: &&Customer| folded.is_some() && customer.email.as_deref().map(fold_email) == folded;
        let same_phone_number =
            |customer: &&Customer| new.phone_number.is_some() && customer.phone_number == new.phone_number;
        let existing = self
            .customers_of(shop)
            .find(same_email)
            .or_else(|| self.customers_of(shop).find(same_phone_number));
        if let Some(customer) = existing {
            return Ok(CreateCustomerOutcome::Existing(customer.clone()));
        }
        let id = match new.id {
            Some(id) if self.customers.contains_key(&(shop, id)) => {
                return Ok(CreateCustomerOutcome::IdTaken);
            }
            Some(id) => id,
            None => self
                .next_customer_id(shop)
                .ok_or_else(|| unexpected("create_customer", "no customer number left"))?,
        };
        let customer = customer_from(new, shop, id);
        self.customers.insert((shop, id), customer.clone());
        Ok(CreateCustomerOutcome::Created(customer))
    }

    fn create_user(&mut self, shop: ShopId, new: NewUser) -> Result<CreateUserOutcome, StorageError> {
        let folded = fold_email(&new.email);
        if let Some(user) = self.users_of(shop).find(|user| fold_email(&user.email) == folded) {
            return Ok(CreateUserOutcome::EmailTaken(user.clone()));
        }
        let id = match new.id {
            Some(id) if self.users.contains_key(&(shop, id)) => return Ok(CreateUserOutcome::IdTaken),
            Some(id) => id,
            None => {
                self.next_user_id(shop).ok_or_else(|| unexpected("create_user", "no user number left"))?
            }
        };
        let user = user_from(new, shop, id);
        self.users.insert((shop, id), user.clone());
        Ok(CreateUserOutcome::Created(user))
    }

    /// Works on a copy and keeps it only if no item fails, which is how the whole batch
    /// stays unwritten.
    pub(crate) fn create_tickets(
        &mut self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        let mut copy = self.clone();
        let outcomes =
            batch.into_iter().map(|creation| copy.create_ticket(creation)).collect::<Result<_, _>>()?;
        *self = copy;
        Ok(outcomes)
    }

    fn create_ticket(&mut self, creation: TicketCreation) -> Result<CreateTicketOutcome, StorageError> {
        let TicketCreation { ticket, created_at, idempotency } = creation;
        let shop = ticket.shop_id;
        if let Some(claim) = &idempotency {
            let record = self.idempotency_records.get(&record_key(shop, &claim.request));
            match record {
                Some(record) if record.fingerprint == claim.request.fingerprint => {
                    return Ok(CreateTicketOutcome::Replayed(record.receipt.clone()));
                }
                Some(_) => return Ok(CreateTicketOutcome::KeyReused),
                None => {}
            }
        }
        if !self.customers.contains_key(&(shop, ticket.customer_id)) {
            return Ok(CreateTicketOutcome::CustomerNotFound);
        }
        if ticket.assigned_to.is_some_and(|user| !self.users.contains_key(&(shop, user))) {
            return Ok(CreateTicketOutcome::AssigneeNotFound);
        }
        if self.tickets.contains_key(&(shop, ticket.id)) {
            return Err(unexpected("create_tickets", "the shop has a ticket of this id"));
        }
        let human_ticket =
            if ticket.is_opened { Some(self.open_human_ticket(shop, created_at)?) } else { None };
        if let Some(claim) = idempotency {
            let record = IdempotencyRecord { fingerprint: claim.request.fingerprint, receipt: claim.receipt };
            self.idempotency_records.insert(record_key(shop, &claim.request), record);
        }
        self.tickets.insert((shop, ticket.id), StoredTicket { ticket, human_ticket });
        Ok(CreateTicketOutcome::Created)
    }

    fn open_human_ticket(
        &mut self,
        shop: ShopId,
        opened_at: Timestamp,
    ) -> Result<HumanTicketId, StorageError> {
        let of_shop = self.human_tickets.keys().filter(|(owner, _)| *owner == shop);
        let id = HumanTicketId::new(next_number(of_shop.map(|(_, id)| id.get())))
            .ok_or_else(|| unexpected("create_tickets", "no human ticket number left"))?;
        let human_ticket = HumanTicket { id, opened_at, closed_at: None };
        self.human_tickets.insert((shop, id), human_ticket);
        Ok(id)
    }

    pub(crate) fn find_ticket(&self, shop: ShopId, id: TicketId) -> Option<TicketView> {
        let stored = self.tickets.get(&(shop, id))?;
        Some(TicketView {
            ticket: stored.ticket.clone(),
            // Always there: a ticket is only created for a customer of its shop, and
            // customers stay.
            customer: self.customers.get(&(shop, stored.ticket.customer_id))?.clone(),
            assignee: stored.ticket.assigned_to.and_then(|user| self.users.get(&(shop, user)).cloned()),
            human_ticket: stored
                .human_ticket
                .and_then(|number| self.human_tickets.get(&(shop, number)).cloned()),
        })
    }

    pub(crate) fn create_key(&mut self, shop: ShopId, new: NewApiKey) -> Result<ApiKey, StorageError> {
        let number = KeyNumber::new(next_number(self.keys_of(shop).map(|key| key.number.get())))
            .ok_or_else(|| unexpected("create_key", "no key number left"))?;
        let NewApiKey { secret_hash, scopes, created_at, expires_at } = new;
        let key =
            ApiKey { shop_id: shop, number, secret_hash, scopes, created_at, expires_at, revoked_at: None };
        self.api_keys.insert((shop, number), key.clone());
        Ok(key)
    }

    fn rotate_key(
        &mut self,
        shop: ShopId,
        number: KeyNumber,
        secret_hash: SecretHash,
        now: Timestamp,
        old_ends_at: Timestamp,
    ) -> Result<RotateKeyOutcome, StorageError> {
        let Some(old) = self.api_keys.get_mut(&(shop, number)).filter(|key| key.is_live(now)) else {
            return Ok(RotateKeyOutcome::NotLive);
        };
        old.expires_at = Some(old.expires_at.map_or(old_ends_at, |end| end.min(old_ends_at)));
        let scopes = old.scopes.clone();
        let new = NewApiKey { secret_hash, scopes, created_at: now, expires_at: None };
        Ok(RotateKeyOutcome::Rotated(self.create_key(shop, new)?))
    }

    pub(crate) fn reserve_id_range(
        &mut self,
        now: Timestamp,
        span_millis: i64,
        current: Option<IdRange>,
    ) -> IdRange {
        let is_latest = |range: &IdRange| self.id_range_ends.get(&range.node) == Some(&range.until);
        let range = match current.filter(is_latest) {
            Some(IdRange { node, until: end, .. }) => {
                IdRange { node, from: end, until: end.max(now).saturating_add_millis(span_millis) }
            }
            None => {
                let (node, from) = self.free_node(now);
                IdRange { node, from, until: from.saturating_add_millis(span_millis) }
            }
        };
        self.id_range_ends.insert(range.node, range.until);
        range
    }

    /// The node whose latest range ended first, or that never had one, and from when on
    /// it is free.
    fn free_node(&self, now: Timestamp) -> (NodeNumber, Timestamp) {
        let end_of = |node: NodeNumber| self.id_range_ends.get(&node).copied().unwrap_or(Timestamp::MIN);
        let mut free = (FIRST_NODE, end_of(FIRST_NODE));
        for node in (0..NodeNumber::COUNT).filter_map(NodeNumber::new) {
            if end_of(node) < free.1 {
                free = (node, end_of(node));
            }
        }
        (free.0, free.1.max(now))
    }
}

const FIRST_NODE: NodeNumber = match NodeNumber::new(0) {
    Some(node) => node,
    None => unreachable!(),
};

pub(crate) fn record_key(shop: ShopId, request: &IdempotencyRequest) -> RecordKey {
    (shop, request.operation.clone(), request.key.clone())
}

pub(crate) fn customer_from(new: NewCustomer, shop: ShopId, id: CustomerId) -> Customer {
    let NewCustomer { id: _, email, phone_number, first_name, last_name, full_name, shopify_id, created_at } =
        new;
    Customer {
        id,
        shop_id: shop,
        email,
        phone_number,
        first_name,
        last_name,
        full_name,
        shopify_id,
        created_at,
    }
}

pub(crate) fn user_from(new: NewUser, shop: ShopId, id: UserId) -> User {
    let NewUser { id: _, email, first_name, last_name, full_name, created_at } = new;
    User { id, shop_id: shop, email, first_name, last_name, full_name, created_at }
}

#[async_trait]
impl ShopStore for MemoryStorage {
    async fn create_shop(
        &self,
        domain: &ShopDomain,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        self.state().create_shop(domain, now)
    }

    async fn find_shop(&self, domain: &ShopDomain) -> Result<Option<Shop>, StorageError> {
        Ok(self.state().shop_of(domain).cloned())
    }

    async fn list_shops(&self) -> Result<Vec<Shop>, StorageError> {
        Ok(self.state().shops.values().cloned().collect())
    }

    async fn close_shop(&self, domain: &ShopDomain, now: Timestamp) -> Result<Option<Shop>, StorageError> {
        let mut state = self.state();
        let shop = state.shops.values_mut().find(|shop| shop.domain == *domain);
        Ok(shop.map(|shop| {
            shop.closed_at.get_or_insert(now);
            shop.clone()
        }))
    }
}

#[async_trait]
impl CustomerStore for MemoryStorage {
    async fn create_customer(
        &self,
        shop: ShopId,
        customer: NewCustomer,
    ) -> Result<CreateCustomerOutcome, StorageError> {
        self.state().create_customer(shop, customer)
    }

    async fn find_customer(&self, shop: ShopId, id: CustomerId) -> Result<Option<Customer>, StorageError> {
        Ok(self.state().customers.get(&(shop, id)).cloned())
    }
}

#[async_trait]
impl UserStore for MemoryStorage {
    async fn create_user(&self, shop: ShopId, user: NewUser) -> Result<CreateUserOutcome, StorageError> {
        self.state().create_user(shop, user)
    }

    async fn find_user(&self, shop: ShopId, id: UserId) -> Result<Option<User>, StorageError> {
        Ok(self.state().users.get(&(shop, id)).cloned())
    }
}

#[async_trait]
impl TicketStore for MemoryStorage {
    async fn create_tickets(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        self.state().create_tickets(batch)
    }

    async fn find_ticket(&self, shop: ShopId, id: TicketId) -> Result<Option<TicketView>, StorageError> {
        Ok(self.state().find_ticket(shop, id))
    }
}

#[async_trait]
impl ApiKeyStore for MemoryStorage {
    async fn create_key(&self, shop: ShopId, key: NewApiKey) -> Result<ApiKey, StorageError> {
        self.state().create_key(shop, key)
    }

    async fn find_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
    ) -> Result<Option<(ApiKey, Shop)>, StorageError> {
        let state = self.state();
        Ok(state.api_keys.get(&(shop, number)).cloned().zip(state.shops.get(&shop).cloned()))
    }

    async fn list_keys(&self, shop: ShopId) -> Result<Vec<ApiKey>, StorageError> {
        Ok(self.state().keys_of(shop).cloned().collect())
    }

    async fn revoke_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        now: Timestamp,
    ) -> Result<Option<ApiKey>, StorageError> {
        let mut state = self.state();
        Ok(state.api_keys.get_mut(&(shop, number)).map(|key| {
            key.revoked_at.get_or_insert(now);
            key.clone()
        }))
    }

    async fn rotate_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        secret_hash: SecretHash,
        now: Timestamp,
        old_ends_at: Timestamp,
    ) -> Result<RotateKeyOutcome, StorageError> {
        self.state().rotate_key(shop, number, secret_hash, now, old_ends_at)
    }
}

#[async_trait]
impl IdRangeStore for MemoryStorage {
    async fn reserve_id_range(
        &self,
        now: Timestamp,
        span_millis: i64,
        current: Option<IdRange>,
    ) -> Result<IdRange, StorageError> {
        Ok(self.state().reserve_id_range(now, span_millis, current))
    }
}

#[async_trait]
impl Readiness for MemoryStorage {
    async fn check_ready(&self) -> Result<(), StorageError> {
        Ok(())
    }
}
