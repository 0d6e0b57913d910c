//! The use cases: create and change users.

use std::sync::Arc;

use crate::ports::{Clock, CreateUserOutcome, UpdateUserOutcome, UserStore, UserUpdate};
use crate::{
    Caller, CommandError, DeferredClaim, IdempotencyRequest, IdempotentOutcome, RenderReceipt, UserChanges,
    UserDraft, UserId,
};

/// Creates and changes users: checks the draft or the changes, then stores them.
#[derive(Clone)]
pub struct ManageUsers {
    store: Arc<dyn UserStore>,
    clock: Arc<dyn Clock>,
}

impl ManageUsers {
    /// Connects the use cases to these ports.
    pub fn new(store: Arc<dyn UserStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Creates a user of the shop. `receipt` renders the response to store with an
    /// idempotency request, or `None` if the outcome leaves no record.
    ///
    /// # Errors
    /// [`CommandError`]. Nothing was written, except perhaps if the store fails with
    /// [`OutcomeUnknown`](crate::StorageErrorKind::OutcomeUnknown).
    pub async fn create(
        &self,
        caller: Caller,
        draft: UserDraft,
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<CreateUserOutcome>,
    ) -> Result<IdempotentOutcome<CreateUserOutcome>, CommandError> {
        let now = self.clock.now();
        let user = draft.into_new(caller.stamp(now))?;
        let claim = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        Ok(self.store.create_user(caller.shop, user, claim).await?)
    }

    /// Changes the shop's user. `receipt` is as in [`ManageUsers::create`].
    ///
    /// # Errors
    /// As [`ManageUsers::create`].
    pub async fn update(
        &self,
        caller: Caller,
        user: UserId,
        changes: UserChanges,
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<UpdateUserOutcome>,
    ) -> Result<IdempotentOutcome<UpdateUserOutcome>, CommandError> {
        changes.check()?;
        let now = self.clock.now();
        let claim = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        let update = UserUpdate { changes, stamp: caller.stamp(now) };
        Ok(self.store.update_user(caller.shop, user, update, claim).await?)
    }
}
