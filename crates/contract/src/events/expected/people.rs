//! Customers, users and keys.

use hexdesk_domain::ports::{
    CreateCustomerOutcome, CreateKeyOutcome, CreateUserOutcome, CustomerMerge, CustomerUpdate, Erased,
    KeyRotation, MergeCustomersOutcome, RotateKeyOutcome, UpdateCustomerOutcome, UpdateUserOutcome,
    UserUpdate,
};
use hexdesk_domain::{
    ApiKey, Customer, CustomerChanges, CustomerFilter, CustomerId, DeferredClaim, EventKind,
    IdempotentOutcome, KeyNumber, NewApiKey, NewCustomer, NewUser, PageSize, ShopId, Subject, TicketFilter,
    User, UserChanges, UserId,
};

use super::{ExpectedEvent, ExpectedEvents};
use crate::samples::list_keys;

impl ExpectedEvents<'_> {
    /// Creates a customer, which must be new.
    pub(crate) async fn add_customer(&mut self, shop: ShopId, new: NewCustomer) -> anyhow::Result<Customer> {
        match self.create_customer(shop, new, None).await? {
            IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) => Ok(customer),
            other => anyhow::bail!("a new customer returned {other:?}"),
        }
    }

    /// Creates a user, which must be new.
    pub(crate) async fn add_user(&mut self, shop: ShopId, new: NewUser) -> anyhow::Result<User> {
        match self.create_user(shop, new, None).await? {
            IdempotentOutcome::Ran(CreateUserOutcome::Created(user)) => Ok(user),
            other => anyhow::bail!("a new user returned {other:?}"),
        }
    }

    /// Creates a key, which must be accepted.
    pub(crate) async fn add_key(&mut self, shop: ShopId, new: NewApiKey) -> anyhow::Result<ApiKey> {
        match self.create_key(shop, new, None).await? {
            IdempotentOutcome::Ran(CreateKeyOutcome::Created(key)) => Ok(key),
            other => anyhow::bail!("a new key returned {other:?}"),
        }
    }

    pub(crate) async fn create_customer(
        &mut self,
        shop: ShopId,
        new: NewCustomer,
        claim: Option<DeferredClaim<CreateCustomerOutcome>>,
    ) -> anyhow::Result<IdempotentOutcome<CreateCustomerOutcome>> {
        let stamp = self.next_stamp();
        let before =
            self.storage.list_customers(shop, CustomerFilter::default(), None, PageSize::MAX).await?;
        let attempt = self.storage.create_customer(shop, NewCustomer { stamp, ..new }, claim).await?;
        let kind = match &attempt {
            IdempotentOutcome::Ran(CreateCustomerOutcome::Created(customer)) => {
                Some((EventKind::CustomerCreated, customer.id))
            }
            // Something was filled in.
            IdempotentOutcome::Ran(CreateCustomerOutcome::Existing(customer)) => {
                let is_changed = !before.entries.contains(customer);
                is_changed.then_some((EventKind::CustomerUpdated, customer.id))
            }
            _ => None,
        };
        if let Some((kind, id)) = kind {
            self.note_found(shop, kind, stamp, Subject::Customer(id)).await?;
        }
        Ok(attempt)
    }

    pub(crate) async fn merge_customers(
        &mut self,
        shop: ShopId,
        into: CustomerId,
        from: CustomerId,
    ) -> anyhow::Result<IdempotentOutcome<MergeCustomersOutcome>> {
        let stamp = self.next_stamp();
        let attempt = self.storage.merge_customers(shop, CustomerMerge { from, into, stamp }, None).await?;
        if matches!(attempt, IdempotentOutcome::Ran(MergeCustomersOutcome::Merged(_))) {
            let remaining = self.found(shop, Subject::Customer(into)).await?;
            let merged = ExpectedEvent::of_deleted(EventKind::CustomerMerged, stamp, Subject::Customer(from));
            let updated = ExpectedEvent::of(EventKind::CustomerUpdated, stamp, remaining);
            self.note(shop, vec![merged, updated]);
        }
        Ok(attempt)
    }

    pub(crate) async fn update_customer(
        &mut self,
        shop: ShopId,
        id: CustomerId,
        changes: CustomerChanges,
        claim: Option<DeferredClaim<UpdateCustomerOutcome>>,
    ) -> anyhow::Result<IdempotentOutcome<UpdateCustomerOutcome>> {
        let stamp = self.next_stamp();
        let before = self.storage.find_customer(shop, id).await?;
        let is_change = before.is_some_and(|before| changes.is_change_of(&before));
        let update = CustomerUpdate { changes, stamp };
        let attempt = self.storage.update_customer(shop, id, update, claim).await?;
        if matches!(attempt, IdempotentOutcome::Ran(UpdateCustomerOutcome::Updated(_))) && is_change {
            self.note_found(shop, EventKind::CustomerUpdated, stamp, Subject::Customer(id)).await?;
        }
        Ok(attempt)
    }

    pub(crate) async fn erase_customer(
        &mut self,
        shop: ShopId,
        id: CustomerId,
    ) -> anyhow::Result<Option<Erased>> {
        let stamp = self.next_stamp();
        let filter = TicketFilter { customer_id: Some(id), ..TicketFilter::default() };
        let mut gone =
            vec![ExpectedEvent::of_deleted(EventKind::CustomerErased, stamp, Subject::Customer(id))];
        for view in self.storage.list_tickets(shop, filter, None, PageSize::MAX).await?.entries {
            gone.extend(self.with_comments(shop, view.ticket.id, stamp).await?);
        }
        let erased = self.storage.erase_customer(shop, id, stamp).await?;
        if erased.is_some() {
            for entry in self.changes.entry(shop).or_default().iter_mut().flatten() {
                entry.snapshot.take_if(|snapshot| snapshot.customer_id() == Some(id));
            }
            self.note(shop, gone);
        }
        Ok(erased)
    }

    pub(crate) async fn create_user(
        &mut self,
        shop: ShopId,
        new: NewUser,
        claim: Option<DeferredClaim<CreateUserOutcome>>,
    ) -> anyhow::Result<IdempotentOutcome<CreateUserOutcome>> {
        let stamp = self.next_stamp();
        let attempt = self.storage.create_user(shop, NewUser { stamp, ..new }, claim).await?;
        if let IdempotentOutcome::Ran(CreateUserOutcome::Created(user)) = &attempt {
            self.note_found(shop, EventKind::UserCreated, stamp, Subject::User(user.id)).await?;
        }
        Ok(attempt)
    }

    pub(crate) async fn update_user(
        &mut self,
        shop: ShopId,
        id: UserId,
        changes: UserChanges,
        claim: Option<DeferredClaim<UpdateUserOutcome>>,
    ) -> anyhow::Result<IdempotentOutcome<UpdateUserOutcome>> {
        let stamp = self.next_stamp();
        let before = self.storage.find_user(shop, id).await?;
        let is_change = before.is_some_and(|before| changes.is_change_of(&before));
        let before = list_keys(self.storage, shop).await?;
        let attempt = self.storage.update_user(shop, id, UserUpdate { changes, stamp }, claim).await?;
        if matches!(attempt, IdempotentOutcome::Ran(UpdateUserOutcome::Updated(_))) {
            let mut made = Vec::new();
            if is_change {
                let subject = self.found(shop, Subject::User(id)).await?;
                made.push(ExpectedEvent::of(EventKind::UserUpdated, stamp, subject));
            }
            let was_live =
                |key: &ApiKey| before.iter().any(|was| was.number == key.number && was.revoked_at.is_none());
            for key in list_keys(self.storage, shop).await? {
                if key.revoked_at.is_some() && was_live(&key) {
                    let key = self.found(shop, Subject::ApiKey(key.number)).await?;
                    made.push(ExpectedEvent::of(EventKind::ApiKeyRevoked, stamp, key));
                }
            }
            if !made.is_empty() {
                self.note(shop, made);
            }
        }
        Ok(attempt)
    }

    pub(crate) async fn create_key(
        &mut self,
        shop: ShopId,
        new: NewApiKey,
        claim: Option<DeferredClaim<CreateKeyOutcome>>,
    ) -> anyhow::Result<IdempotentOutcome<CreateKeyOutcome>> {
        let stamp = self.next_stamp();
        let attempt = self.storage.create_key(shop, NewApiKey { stamp, ..new }, claim).await?;
        if let IdempotentOutcome::Ran(CreateKeyOutcome::Created(key)) = &attempt {
            self.note_found(shop, EventKind::ApiKeyCreated, stamp, Subject::ApiKey(key.number)).await?;
        }
        Ok(attempt)
    }

    pub(crate) async fn revoke_key(
        &mut self,
        shop: ShopId,
        number: KeyNumber,
    ) -> anyhow::Result<Option<ApiKey>> {
        let stamp = self.next_stamp();
        let before = self.storage.find_key(shop, number).await?;
        let revoked = self.storage.revoke_key(shop, number, stamp).await?;
        if before.is_some_and(|(key, _)| key.revoked_at.is_none()) {
            self.note_found(shop, EventKind::ApiKeyRevoked, stamp, Subject::ApiKey(number)).await?;
        }
        Ok(revoked)
    }

    pub(crate) async fn rotate_key(
        &mut self,
        shop: ShopId,
        number: KeyNumber,
        rotation: KeyRotation,
        claim: Option<DeferredClaim<RotateKeyOutcome>>,
    ) -> anyhow::Result<IdempotentOutcome<RotateKeyOutcome>> {
        let stamp = self.next_stamp();
        let rotation = KeyRotation { stamp, ..rotation };
        let attempt = self.storage.rotate_key(shop, number, rotation, claim).await?;
        if let IdempotentOutcome::Ran(RotateKeyOutcome::Rotated(key)) = &attempt {
            let old = self.found(shop, Subject::ApiKey(number)).await?;
            let new = self.found(shop, Subject::ApiKey(key.number)).await?;
            let old = ExpectedEvent::of(EventKind::ApiKeyRotated, stamp, old);
            self.note(shop, vec![old, ExpectedEvent::of(EventKind::ApiKeyCreated, stamp, new)]);
        }
        Ok(attempt)
    }
}
