//! The use cases: create and change users.

use std::sync::Arc;

use crate::ports::{Clock, CreateUserOutcome, UpdateUserOutcome, UserStore, UserUpdate};
use crate::{
    Caller, CommandError, DeferredClaim, IdempotencyRequest, IdempotentOutcome, RenderReceipt, UserChanges,
    UserDraft, UserId,
};

/// Creates and changes users: checks what is handed in and has the store keep it.
#[derive(Clone)]
pub struct ManageUsers {
    store: Arc<dyn UserStore>,
    clock: Arc<dyn Clock>,
}

impl ManageUsers {
    /// The use cases on these ports.
    pub fn new(store: Arc<dyn UserStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Creates a user of the shop. `receipt` renders what the caller is told of an outcome,
    /// to be kept with an idempotency request; `None` for a refusal.
    ///
    /// # Errors
    /// [`CommandError`]; nothing was written unless the store failed with
    /// [`OutcomeUnknown`](crate::StorageErrorKind::OutcomeUnknown).
    pub async fn create(
        &self,
        caller: Caller,
        draft: UserDraft,
        idempotency: Option<IdempotencyRequest>,
        receipt: RenderReceipt<CreateUserOutcome>,
    ) -> Result<IdempotentOutcome<CreateUserOutcome>, CommandError> {
        let now = self.clock.now();
        let user = draft.into_new(caller.stamp(now)).map_err(CommandError::Invalid)?;
        let once = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        Ok(self.store.create_user(caller.shop, user, once).await?)
    }

    /// Changes the shop's user; `receipt` as in [`ManageUsers::create`].
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
        let violations = changes.violations();
        if !violations.is_empty() {
            return Err(CommandError::Invalid(violations));
        }
        let now = self.clock.now();
        let once = idempotency.map(|request| DeferredClaim { request, requested_at: now, receipt });
        let update = UserUpdate { changes, stamp: caller.stamp(now) };
        Ok(self.store.update_user(caller.shop, user, update, once).await?)
    }
}
