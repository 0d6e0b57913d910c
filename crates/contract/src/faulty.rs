//! Adapters with one rule broken, to see each case fail.

use async_trait::async_trait;
use hexdesk_domain::ports::{
    CreateCustomerOutcome, CreateShopOutcome, CreateTicketOutcome, CreateUserOutcome, RotateKeyOutcome,
    TicketCreation,
};
use hexdesk_domain::{
    ApiKey, ApiKeyStore, Customer, CustomerId, CustomerStore, IdRange, IdRangeStore, KeyNumber, NewApiKey,
    NewCustomer, NewUser, Readiness, SecretHash, Shop, ShopDomain, ShopId, ShopStore, StorageError,
    StorageErrorKind, TicketId, TicketStore, TicketView, Timestamp, User, UserId, UserStore,
};

use crate::memory::{IdempotencyRecord, MemoryStorage, customer_from, record_key, user_from};
use crate::{StorageFixture, TestStorage};

/// Defines the faults, each with the rule that it breaks.
macro_rules! faults {
    ($($rule:literal $(#[$doc:meta])+ $name:ident)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Fault {
            $($(#[$doc])+ $name,)+
        }

        impl Fault {
            /// Every fault and the rule it breaks.
            pub(crate) const ALL: &[(&'static str, Self)] = &[$(($rule, Self::$name),)+];
        }
    };
}

faults! {
    "SHOP-1" /// The time of creation is cut to seconds.
    ShopTimeInSeconds
    "SHOP-2" /// Creating a closed shop again opens it.
    ShopReopened
    "SHOP-3" /// Closing an unknown domain adds it as a closed shop.
    UnknownShopAddedByClosing
    "SHOP-4" /// Closed shops are not listed.
    ClosedShopsHidden
    "SHOP-5" /// Closing again moves the time of closing.
    ShopClosedAnew
    "SHOP-6" /// Whether the domain is free is asked before, not while, it is taken.
    RacingShops
    "CUSTOMER-1" /// An empty text becomes no text.
    CustomerTextsEmptied
    "CUSTOMER-2" /// E-mail addresses are compared without case in ASCII only.
    CustomerEmailFoldedInAscii
    "CUSTOMER-3" /// Of two matches the one by phone number wins.
    PhoneNumberWins
    "CUSTOMER-4" /// Customers are found by their number, whatever the shop.
    CustomerFoundAcrossShops
    "CUSTOMER-5" /// Numbers are handed out from a counter that ignores those asked for.
    CustomerNumbersCounted
    "CUSTOMER-6" /// Asking for a taken number overwrites a name.
    CustomerOverwritten
    "CUSTOMER-7" /// Whether the address is free is asked before, not while, it is taken.
    RacingCustomers
    "USER-1" /// Names lose the white space around them.
    UserNamesTrimmed
    "USER-2" /// E-mail addresses are compared without case in ASCII only.
    UserEmailFoldedInAscii
    "USER-3" /// Users are found by their number, whatever the shop.
    UserFoundAcrossShops
    "USER-4" /// Numbers are handed out from a counter that ignores those asked for.
    UserNumbersCounted
    "USER-5" /// Asking for a taken number overwrites a name.
    UserOverwritten
    "TICKET-1" /// Tags are kept as a set.
    TagsSorted
    "TICKET-2" /// A large batch is answered in the order of ids.
    OutcomesInOrderOfIds
    "TICKET-3" /// A ticket refused for its customer stays in the table.
    RefusedTicketStays
    "TICKET-4" /// The assignee may be of any shop.
    AssigneeOfAnyShop
    "TICKET-5" /// The assignee is looked at first.
    MissingAssigneeWins
    "TICKET-6" /// What follows a refused assignee is answered, but not written.
    RefusalSwallowsTheNext
    "TICKET-7" /// A human ticket is open since the ticket's date.
    HumanTicketOpenSinceDate
    "TICKET-8" /// Tickets are found by their id, whatever the shop.
    TicketFoundAcrossShops
    "TICKET-9" /// The customer is joined by its number, whatever the shop.
    CustomerJoinedAcrossShops
    "TICKET-10" /// When a batch fails, the items before and after stay written.
    FailedBatchHalfWritten
    "TICKET-11" /// All customers of a batch must be of its first shop.
    BatchHeldToFirstShop
    "TICKET-12" /// Batches at the same time overwrite each other.
    RacingBatches
    "IDEMPOTENCY-1" /// A receipt ends after 64 KiB.
    ReceiptCut
    "IDEMPOTENCY-2" /// The last byte of fingerprints is not compared.
    FingerprintCut
    "IDEMPOTENCY-3" /// The operation is not part of the key.
    OperationIgnored
    "IDEMPOTENCY-4" /// A refused item leaves a record.
    RefusalRecorded
    "IDEMPOTENCY-5" /// Only the records from before the batch are looked at.
    KeyTwiceInABatch
    "IDEMPOTENCY-6" /// The assignee is looked at before the record.
    AssigneeBeforeRecord
    "IDEMPOTENCY-7" /// Whether the key is free is asked before, not while, it is taken.
    RacingKeys
    "KEY-1" /// A closed shop's keys are not found.
    KeyOfClosedShopHidden
    "KEY-2" /// Keys are found by their number, whatever the shop.
    KeyFoundAcrossShops
    "KEY-3" /// Revoked keys are not listed.
    RevokedKeysHidden
    "KEY-4" /// Revoking again moves the time of revocation.
    KeyRevokedAnew
    "KEY-5" /// Rotation prolongs a key that would have expired earlier.
    RotationProlongs
    "KEY-6" /// A key can be rotated in the millisecond from which on it is expired.
    ExpiredKeyRotated
    "IDRANGE-1" /// The free node is looked for before, not while, it is taken.
    RacingRanges
    "IDRANGE-2" /// Spans longer than four bytes hold are cut.
    SpanCut
    "IDRANGE-3" /// A node is free in the last millisecond of its range.
    NodeFreeTooEarly
    "IDRANGE-4" /// An extension is as long as if the old range ended now.
    ExtensionIgnoresNow
    "IDRANGE-5" /// Any range of a node is extended as if it were the latest.
    OutdatedRangeExtended
    "IDRANGE-6" /// Ends too far in the future are taken for a mistake and forgotten.
    FarEndsForgotten
    "IDRANGE-7" /// Without a free node there is no range.
    NoRangeWithoutFreeNode
    "READY-1" /// It is never ready.
    NeverReady
}

/// The reference adapter with one fault.
#[derive(Debug)]
pub(crate) struct FaultyStorage {
    inner: MemoryStorage,
    fault: Fault,
}

/// Opens stores with this fault.
pub(crate) struct FaultyFixture(pub(crate) Fault);

#[async_trait]
impl StorageFixture for FaultyFixture {
    async fn open(&self) -> anyhow::Result<TestStorage> {
        Ok(TestStorage::new(FaultyStorage { inner: MemoryStorage::new(), fault: self.0 }))
    }
}

/// Lets other tasks have their turn, in the gap between asking and acting.
async fn gap() {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}

fn failure(kind: StorageErrorKind, operation: &'static str) -> StorageError {
    StorageError::new(kind, operation, anyhow::anyhow!("by design"))
}

fn emptied(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn trimmed(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
}

#[async_trait]
impl ShopStore for FaultyStorage {
    async fn create_shop(
        &self,
        domain: &ShopDomain,
        now: Timestamp,
    ) -> Result<CreateShopOutcome, StorageError> {
        match self.fault {
            Fault::ShopTimeInSeconds => {
                let millis = now.unix_millis().rem_euclid(1_000);
                self.inner.create_shop(domain, now.saturating_add_millis(-millis)).await
            }
            Fault::ShopReopened => {
                for shop in self.inner.state().shops.values_mut().filter(|shop| shop.domain == *domain) {
                    shop.closed_at = None;
                }
                self.inner.create_shop(domain, now).await
            }
            Fault::RacingShops => {
                if let Some(shop) = self.inner.find_shop(domain).await? {
                    return Ok(CreateShopOutcome::AlreadyExists(shop));
                }
                gap().await;
                let mut state = self.inner.state();
                let id = state.next_shop_id().unwrap();
                let shop = Shop { id, domain: domain.clone(), created_at: now, closed_at: None };
                state.shops.insert(id, shop.clone());
                Ok(CreateShopOutcome::Created(shop))
            }
            _ => self.inner.create_shop(domain, now).await,
        }
    }

    async fn find_shop(&self, domain: &ShopDomain) -> Result<Option<Shop>, StorageError> {
        self.inner.find_shop(domain).await
    }

    async fn list_shops(&self) -> Result<Vec<Shop>, StorageError> {
        let mut shops = self.inner.list_shops().await?;
        if self.fault == Fault::ClosedShopsHidden {
            shops.retain(|shop| shop.closed_at.is_none());
        }
        Ok(shops)
    }

    async fn close_shop(&self, domain: &ShopDomain, now: Timestamp) -> Result<Option<Shop>, StorageError> {
        match self.fault {
            Fault::UnknownShopAddedByClosing if self.inner.find_shop(domain).await?.is_none() => {
                self.inner.create_shop(domain, now).await?;
                self.inner.close_shop(domain, now).await?;
                return Ok(None);
            }
            Fault::ShopClosedAnew => {
                for shop in self.inner.state().shops.values_mut().filter(|shop| shop.domain == *domain) {
                    shop.closed_at = None;
                }
            }
            _ => {}
        }
        self.inner.close_shop(domain, now).await
    }
}

#[async_trait]
impl CustomerStore for FaultyStorage {
    async fn create_customer(
        &self,
        shop: ShopId,
        new: NewCustomer,
    ) -> Result<CreateCustomerOutcome, StorageError> {
        match self.fault {
            Fault::CustomerTextsEmptied => {
                let new = NewCustomer {
                    first_name: emptied(new.first_name),
                    last_name: emptied(new.last_name),
                    full_name: emptied(new.full_name),
                    shopify_id: emptied(new.shopify_id),
                    ..new
                };
                self.inner.create_customer(shop, new).await
            }
            Fault::CustomerEmailFoldedInAscii => {
                let outcome = self.inner.create_customer(shop, new.clone()).await?;
                let CreateCustomerOutcome::Existing(there) = &outcome else { return Ok(outcome) };
                let folded = |email: &Option<String>| email.as_deref().map(str::to_ascii_lowercase);
                if there.phone_number == new.phone_number || folded(&there.email) == folded(&new.email) {
                    return Ok(outcome);
                }
                let mut state = self.inner.state();
                let id = new.id.or(state.next_customer_id(shop)).unwrap();
                let customer = customer_from(new, shop, id);
                state.customers.insert((shop, id), customer.clone());
                Ok(CreateCustomerOutcome::Created(customer))
            }
            Fault::PhoneNumberWins => {
                let by_phone = self
                    .inner
                    .state()
                    .customers_of(shop)
                    .find(|there| new.phone_number.is_some() && there.phone_number == new.phone_number)
                    .cloned();
                match by_phone {
                    Some(there) => Ok(CreateCustomerOutcome::Existing(there)),
                    None => self.inner.create_customer(shop, new).await,
                }
            }
            Fault::CustomerNumbersCounted if new.id.is_none() => {
                let id = {
                    let state = self.inner.state();
                    (1..).filter_map(CustomerId::new).find(|id| !state.customers.contains_key(&(shop, *id)))
                };
                self.inner.create_customer(shop, NewCustomer { id, ..new }).await
            }
            Fault::CustomerOverwritten => {
                let outcome = self.inner.create_customer(shop, new.clone()).await?;
                if outcome == CreateCustomerOutcome::IdTaken
                    && let Some(id) = new.id
                    && let Some(there) = self.inner.state().customers.get_mut(&(shop, id))
                {
                    there.first_name = new.first_name;
                }
                Ok(outcome)
            }
            Fault::RacingCustomers => {
                let before = self.inner.state().clone();
                gap().await;
                let taken = before.customers_of(shop).any(|there| {
                    there.email.as_deref().map(hexdesk_domain::fold_email)
                        == new.email.as_deref().map(hexdesk_domain::fold_email)
                        || there.phone_number.is_some() && there.phone_number == new.phone_number
                        || Some(there.id) == new.id
                });
                if taken {
                    return self.inner.create_customer(shop, new).await;
                }
                let mut state = self.inner.state();
                let id = new.id.or(state.next_customer_id(shop));
                let id = id.ok_or_else(|| failure(StorageErrorKind::Unexpected, "create_customer"))?;
                let customer = customer_from(new, shop, id);
                state.customers.insert((shop, id), customer.clone());
                Ok(CreateCustomerOutcome::Created(customer))
            }
            _ => self.inner.create_customer(shop, new).await,
        }
    }

    async fn find_customer(&self, shop: ShopId, id: CustomerId) -> Result<Option<Customer>, StorageError> {
        let found = self.inner.find_customer(shop, id).await?;
        if self.fault == Fault::CustomerFoundAcrossShops && found.is_none() {
            return Ok(self.inner.state().customers.values().find(|there| there.id == id).cloned());
        }
        Ok(found)
    }
}

#[async_trait]
impl UserStore for FaultyStorage {
    async fn create_user(&self, shop: ShopId, new: NewUser) -> Result<CreateUserOutcome, StorageError> {
        match self.fault {
            Fault::UserNamesTrimmed => {
                let new = NewUser {
                    first_name: trimmed(new.first_name),
                    last_name: trimmed(new.last_name),
                    full_name: trimmed(new.full_name),
                    ..new
                };
                self.inner.create_user(shop, new).await
            }
            Fault::UserEmailFoldedInAscii => {
                let outcome = self.inner.create_user(shop, new.clone()).await?;
                let CreateUserOutcome::EmailTaken(there) = &outcome else { return Ok(outcome) };
                if there.email.eq_ignore_ascii_case(&new.email) {
                    return Ok(outcome);
                }
                let mut state = self.inner.state();
                let id = new.id.or(state.next_user_id(shop)).unwrap();
                let user = user_from(new, shop, id);
                state.users.insert((shop, id), user.clone());
                Ok(CreateUserOutcome::Created(user))
            }
            Fault::UserNumbersCounted if new.id.is_none() => {
                let id = {
                    let state = self.inner.state();
                    (1..).filter_map(UserId::new).find(|id| !state.users.contains_key(&(shop, *id)))
                };
                self.inner.create_user(shop, NewUser { id, ..new }).await
            }
            Fault::UserOverwritten => {
                let outcome = self.inner.create_user(shop, new.clone()).await?;
                if outcome == CreateUserOutcome::IdTaken
                    && let Some(id) = new.id
                    && let Some(there) = self.inner.state().users.get_mut(&(shop, id))
                {
                    there.first_name = new.first_name;
                }
                Ok(outcome)
            }
            _ => self.inner.create_user(shop, new).await,
        }
    }

    async fn find_user(&self, shop: ShopId, id: UserId) -> Result<Option<User>, StorageError> {
        let found = self.inner.find_user(shop, id).await?;
        if self.fault == Fault::UserFoundAcrossShops && found.is_none() {
            return Ok(self.inner.state().users.values().find(|there| there.id == id).cloned());
        }
        Ok(found)
    }
}

impl FaultyStorage {
    fn has_customer(&self, creation: &TicketCreation) -> bool {
        let ticket = &creation.ticket;
        self.inner.state().customers.contains_key(&(ticket.shop_id, ticket.customer_id))
    }

    fn has_assignee(&self, creation: &TicketCreation) -> bool {
        let ticket = &creation.ticket;
        ticket.assigned_to.is_none_or(|user| self.inner.state().users.contains_key(&(ticket.shop_id, user)))
    }

    /// Creates the items for which `instead` has no other answer.
    async fn create_unless(
        &self,
        batch: Vec<TicketCreation>,
        mut instead: impl FnMut(&TicketCreation) -> Option<CreateTicketOutcome> + Send,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        let answers: Vec<_> = batch.iter().map(&mut instead).collect();
        let rest = batch.into_iter().zip(&answers).filter(|(_, answer)| answer.is_none());
        let mut outcomes = self.inner.create_tickets(rest.map(|(item, _)| item).collect()).await?.into_iter();
        Ok(answers.into_iter().filter_map(|answer| answer.or_else(|| outcomes.next())).collect())
    }
}

#[async_trait]
impl TicketStore for FaultyStorage {
    async fn create_tickets(
        &self,
        mut batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        match self.fault {
            Fault::TagsSorted => {
                for item in &mut batch {
                    item.ticket.tags.sort();
                    item.ticket.tags.dedup();
                }
                self.inner.create_tickets(batch).await
            }
            Fault::OutcomesInOrderOfIds => {
                let ids: Vec<_> = batch.iter().map(|item| item.ticket.id).collect();
                let outcomes = self.inner.create_tickets(batch).await?;
                if ids.len() < 10 {
                    return Ok(outcomes);
                }
                let mut sorted: Vec<_> = ids.into_iter().zip(outcomes).collect();
                sorted.sort_by_key(|(id, _)| *id);
                Ok(sorted.into_iter().map(|(_, outcome)| outcome).collect())
            }
            Fault::RefusedTicketStays => {
                let outcomes = self.inner.create_tickets(batch.clone()).await?;
                let mut state = self.inner.state();
                for (item, outcome) in batch.into_iter().zip(&outcomes) {
                    if *outcome == CreateTicketOutcome::CustomerNotFound {
                        let place = (item.ticket.shop_id, item.ticket.id);
                        let stored = crate::memory::StoredTicket { ticket: item.ticket, human_ticket: None };
                        state.tickets.entry(place).or_insert(stored);
                    }
                }
                Ok(outcomes)
            }
            Fault::AssigneeOfAnyShop => {
                let mut foreign = Vec::new();
                for item in &mut batch {
                    let users = self.inner.state().users.clone();
                    let of_any = |id: UserId| users.keys().any(|(_, user)| *user == id);
                    if !self.has_assignee(item) && item.ticket.assigned_to.is_some_and(of_any) {
                        let assignee = item.ticket.assigned_to.take();
                        foreign.push((item.ticket.shop_id, item.ticket.id, assignee));
                    }
                }
                let outcomes = self.inner.create_tickets(batch).await?;
                for (shop, id, assignee) in foreign {
                    if let Some(stored) = self.inner.state().tickets.get_mut(&(shop, id)) {
                        stored.ticket.assigned_to = assignee;
                    }
                }
                Ok(outcomes)
            }
            Fault::MissingAssigneeWins => {
                let mut outcomes = self.inner.create_tickets(batch.clone()).await?;
                for (item, outcome) in batch.iter().zip(&mut outcomes) {
                    if *outcome == CreateTicketOutcome::CustomerNotFound && !self.has_assignee(item) {
                        *outcome = CreateTicketOutcome::AssigneeNotFound;
                    }
                }
                Ok(outcomes)
            }
            Fault::RefusalSwallowsTheNext => {
                let mut after_refusal = false;
                self.create_unless(batch, |item| {
                    let swallowed = after_refusal;
                    after_refusal = self.has_customer(item) && !self.has_assignee(item);
                    swallowed.then_some(CreateTicketOutcome::Created)
                })
                .await
            }
            Fault::HumanTicketOpenSinceDate => {
                for item in &mut batch {
                    item.created_at = item.ticket.date;
                }
                self.inner.create_tickets(batch).await
            }
            Fault::FailedBatchHalfWritten => match self.inner.create_tickets(batch.clone()).await {
                Err(error) => {
                    for item in batch {
                        // Whatever becomes of it.
                        let _ = self.inner.create_tickets(vec![item]).await;
                    }
                    Err(error)
                }
                outcomes => outcomes,
            },
            Fault::BatchHeldToFirstShop => {
                let first = batch.first().map(|item| item.ticket.shop_id);
                self.create_unless(batch, |item| {
                    let place = first.map(|shop| (shop, item.ticket.customer_id));
                    let is_of_first =
                        place.is_some_and(|place| self.inner.state().customers.contains_key(&place));
                    let is_foreign = first != Some(item.ticket.shop_id) && !is_of_first;
                    is_foreign.then_some(CreateTicketOutcome::CustomerNotFound)
                })
                .await
            }
            Fault::RacingBatches => {
                let mut copy = self.inner.state().clone();
                let outcomes = copy.create_tickets(batch)?;
                gap().await;
                *self.inner.state() = copy;
                Ok(outcomes)
            }
            Fault::ReceiptCut => {
                for claim in batch.iter_mut().filter_map(|item| item.idempotency.as_mut()) {
                    claim.receipt.0.truncate(1 << 16);
                }
                self.inner.create_tickets(batch).await
            }
            Fault::FingerprintCut => {
                for claim in batch.iter_mut().filter_map(|item| item.idempotency.as_mut()) {
                    claim.request.fingerprint.0[31] = 0;
                }
                self.inner.create_tickets(batch).await
            }
            Fault::OperationIgnored => {
                for claim in batch.iter_mut().filter_map(|item| item.idempotency.as_mut()) {
                    claim.request.operation.clear();
                }
                self.inner.create_tickets(batch).await
            }
            Fault::RefusalRecorded => {
                let outcomes = self.inner.create_tickets(batch.clone()).await?;
                let mut state = self.inner.state();
                for (item, outcome) in batch.into_iter().zip(&outcomes) {
                    if let Some(claim) = item.idempotency
                        && *outcome == CreateTicketOutcome::AssigneeNotFound
                    {
                        let record = IdempotencyRecord {
                            fingerprint: claim.request.fingerprint,
                            receipt: claim.receipt,
                        };
                        let key = record_key(item.ticket.shop_id, &claim.request);
                        state.idempotency_records.entry(key).or_insert(record);
                    }
                }
                Ok(outcomes)
            }
            Fault::KeyTwiceInABatch => {
                let mut seen = Vec::new();
                for item in &mut batch {
                    let (known, accepted) = {
                        let key =
                            item.idempotency.as_ref().map(|it| record_key(item.ticket.shop_id, &it.request));
                        let state = self.inner.state();
                        let is_recorded =
                            key.as_ref().is_some_and(|key| state.idempotency_records.contains_key(key));
                        (
                            key.filter(|_| !is_recorded),
                            state.customers.contains_key(&(item.ticket.shop_id, item.ticket.customer_id)),
                        )
                    };
                    if let Some(key) = known
                        && accepted
                    {
                        if seen.contains(&key) {
                            item.idempotency = None;
                        }
                        seen.push(key);
                    }
                }
                self.inner.create_tickets(batch).await
            }
            Fault::AssigneeBeforeRecord => {
                self.create_unless(batch, |item| {
                    let is_refused = self.has_customer(item) && !self.has_assignee(item);
                    is_refused.then_some(CreateTicketOutcome::AssigneeNotFound)
                })
                .await
            }
            Fault::RacingKeys => {
                let before = self.inner.state().idempotency_records.clone();
                gap().await;
                let mut state = self.inner.state();
                // Of the records, only what was there before the gap is seen.
                let hidden = std::mem::replace(&mut state.idempotency_records, before);
                let outcomes = state.create_tickets(batch);
                state.idempotency_records.extend(hidden);
                outcomes
            }
            _ => self.inner.create_tickets(batch).await,
        }
    }

    async fn find_ticket(&self, shop: ShopId, id: TicketId) -> Result<Option<TicketView>, StorageError> {
        let found = self.inner.find_ticket(shop, id).await?;
        let state = self.inner.state();
        match (self.fault, found) {
            (Fault::TicketFoundAcrossShops, None) => {
                let owner = state.tickets.keys().find(|(_, there)| *there == id);
                Ok(owner.and_then(|(owner, id)| state.find_ticket(*owner, *id)))
            }
            (Fault::CustomerJoinedAcrossShops, Some(view)) => {
                let customer = state.customers.values().find(|there| there.id == view.customer.id);
                Ok(customer.map(|customer| TicketView { customer: customer.clone(), ..view }))
            }
            (_, found) => Ok(found),
        }
    }
}

#[async_trait]
impl ApiKeyStore for FaultyStorage {
    async fn create_key(&self, shop: ShopId, key: NewApiKey) -> Result<ApiKey, StorageError> {
        self.inner.create_key(shop, key).await
    }

    async fn find_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
    ) -> Result<Option<(ApiKey, Shop)>, StorageError> {
        let found = self.inner.find_key(shop, number).await?;
        match self.fault {
            Fault::KeyOfClosedShopHidden => Ok(found.filter(|(_, shop)| shop.closed_at.is_none())),
            Fault::KeyFoundAcrossShops if found.is_none() => {
                let state = self.inner.state();
                let key = state.api_keys.values().find(|key| key.number == number).cloned();
                Ok(key.and_then(|key| state.shops.get(&key.shop_id).cloned().map(|shop| (key, shop))))
            }
            _ => Ok(found),
        }
    }

    async fn list_keys(&self, shop: ShopId) -> Result<Vec<ApiKey>, StorageError> {
        let mut keys = self.inner.list_keys(shop).await?;
        if self.fault == Fault::RevokedKeysHidden {
            keys.retain(|key| key.revoked_at.is_none());
        }
        Ok(keys)
    }

    async fn revoke_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        now: Timestamp,
    ) -> Result<Option<ApiKey>, StorageError> {
        if self.fault == Fault::KeyRevokedAnew
            && let Some(key) = self.inner.state().api_keys.get_mut(&(shop, number))
        {
            key.revoked_at = None;
        }
        self.inner.revoke_key(shop, number, now).await
    }

    async fn rotate_key(
        &self,
        shop: ShopId,
        number: KeyNumber,
        secret_hash: SecretHash,
        now: Timestamp,
        old_ends_at: Timestamp,
    ) -> Result<RotateKeyOutcome, StorageError> {
        let mut expired_now = false;
        if let Some(key) = self.inner.state().api_keys.get_mut(&(shop, number))
            && self.fault == Fault::ExpiredKeyRotated
            && key.expires_at == Some(now)
        {
            key.expires_at = None;
            expired_now = true;
        }
        let outcome = self.inner.rotate_key(shop, number, secret_hash, now, old_ends_at).await?;
        if let Some(key) = self.inner.state().api_keys.get_mut(&(shop, number)) {
            if expired_now {
                key.expires_at = Some(now);
            }
            if self.fault == Fault::RotationProlongs && matches!(outcome, RotateKeyOutcome::Rotated(_)) {
                key.expires_at = Some(old_ends_at);
            }
        }
        Ok(outcome)
    }
}

#[async_trait]
impl IdRangeStore for FaultyStorage {
    async fn reserve_id_range(
        &self,
        now: Timestamp,
        span_millis: i64,
        mut current: Option<IdRange>,
    ) -> Result<IdRange, StorageError> {
        let is_extension = {
            let state = self.inner.state();
            current.is_some_and(|range| state.id_range_ends.get(&range.node) == Some(&range.until))
        };
        match self.fault {
            Fault::RacingRanges => {
                let mut copy = self.inner.state().clone();
                let range = copy.reserve_id_range(now, span_millis, current);
                gap().await;
                self.inner.state().id_range_ends.insert(range.node, range.until);
                return Ok(range);
            }
            Fault::SpanCut => {
                let span_millis = span_millis.min(i64::from(u32::MAX));
                return self.inner.reserve_id_range(now, span_millis, current).await;
            }
            Fault::NodeFreeTooEarly if !is_extension => {
                let last = now.saturating_add_millis(1);
                let mut state = self.inner.state();
                if let Some((node, end)) = state.id_range_ends.iter_mut().find(|(_, end)| **end == last) {
                    *end = last.saturating_add_millis(span_millis);
                    return Ok(IdRange { node: *node, from: last, until: *end });
                }
            }
            Fault::ExtensionIgnoresNow if is_extension => {
                let end = current.map_or(now, |range| range.until);
                return self.inner.reserve_id_range(end, span_millis, current).await;
            }
            Fault::OutdatedRangeExtended => {
                let state = self.inner.state();
                if let Some(range) = &mut current
                    && let Some(end) = state.id_range_ends.get(&range.node)
                {
                    range.until = *end;
                }
            }
            Fault::FarEndsForgotten => {
                let far = now.saturating_add_millis(24 * 60 * 60 * 1_000);
                self.inner.state().id_range_ends.retain(|_, end| *end <= far);
            }
            Fault::NoRangeWithoutFreeNode if !is_extension => {
                let state = self.inner.state();
                let running = state.id_range_ends.values().filter(|end| **end > now).count();
                if running == usize::from(hexdesk_domain::NodeNumber::COUNT) {
                    return Err(failure(StorageErrorKind::Unavailable, "reserve_id_range"));
                }
            }
            _ => {}
        }
        self.inner.reserve_id_range(now, span_millis, current).await
    }
}

#[async_trait]
impl Readiness for FaultyStorage {
    async fn check_ready(&self) -> Result<(), StorageError> {
        if self.fault == Fault::NeverReady {
            return Err(failure(StorageErrorKind::Unavailable, "check_ready"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CASES, Case};

    #[test]
    fn every_case_has_a_fault_and_every_fault_a_case() {
        let mut cases: Vec<_> = CASES.iter().map(|case| case.rule).collect();
        let mut faults: Vec<_> = Fault::ALL.iter().map(|(rule, _)| *rule).collect();
        cases.sort_unstable();
        faults.sort_unstable();
        assert_eq!(cases, faults);
    }

    #[test]
    fn every_fault_is_rejected_by_the_case_of_its_rule() {
        for (rule, fault) in Fault::ALL {
            let case = CASES.iter().find(|case| case.rule == *rule).unwrap();
            match case.run(&FaultyFixture(*fault)) {
                Ok(()) => panic!("{rule} passes with {fault:?}"),
                Err(failure) => {
                    let message = failure.to_string();
                    assert!(message.starts_with(&format!("{rule}: ")), "{message}");
                    assert!(!message.contains("panicked"), "{message}");
                }
            }
        }
    }

    /// The port that a rule belongs to.
    fn port(rule: &str) -> &str {
        match rule.split_once('-') {
            Some(("IDEMPOTENCY", _)) => "TICKET",
            Some((port, _)) => port,
            None => rule,
        }
    }

    /// Else a case might be seen failing for any reason.
    #[test]
    fn no_fault_breaks_another_port() {
        // All but the slow ones.
        let quick = |case: &&Case| !case.name.starts_with("concurrency::") && case.rule != "IDRANGE-7";
        for (rule, fault) in Fault::ALL {
            for case in CASES.iter().filter(quick).filter(|case| port(case.rule) != port(rule)) {
                assert_eq!(case.run(&FaultyFixture(*fault)), Ok(()), "{fault:?}");
            }
        }
    }
}
