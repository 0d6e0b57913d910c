use async_trait::async_trait;
use hexdesk_domain::ports::{CreateUserOutcome, UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{
    DeferredClaim, EventKind, IdempotentOutcome, NewUser, Page, PageSize, ShopId, StorageError, Subject,
    User, UserFilter, UserId, UserStore, fold_email,
};

use super::{MemoryStorage, State, unexpected};

impl State {
    pub(crate) fn users_of(&self, shop: ShopId) -> impl Iterator<Item = &User> {
        self.users.values().filter(move |user| user.shop_id == shop)
    }

    pub(crate) fn next_user_id(&self, shop: ShopId) -> Option<UserId> {
        let used = self.users_of(shop).map(|user| user.id.get());
        UserId::new(self.next_number_of(shop, |counters| counters.users, used))
    }

    pub(crate) fn is_active_user(&self, shop: ShopId, id: UserId) -> bool {
        self.users.get(&(shop, id)).is_some_and(User::is_active)
    }

    /// Returns `not_found` or `deactivated` if this is not an active user of the shop. `None` may be
    /// the assignee of any ticket.
    pub(crate) fn refused_assignee<T>(
        &self,
        shop: ShopId,
        assignee: Option<UserId>,
        not_found: T,
        deactivated: T,
    ) -> Option<T> {
        match self.users.get(&(shop, assignee?)) {
            None => Some(not_found),
            Some(user) => (!user.is_active()).then_some(deactivated),
        }
    }

    pub(crate) fn create_user(
        &mut self,
        shop: ShopId,
        new: NewUser,
    ) -> Result<CreateUserOutcome, StorageError> {
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
        let stamp = new.stamp;
        let user = new.into_user(shop, id);
        self.users.insert((shop, id), user.clone());
        self.append_events(shop, stamp, [(EventKind::UserCreated, Subject::User(id))]);
        Ok(CreateUserOutcome::Created(user))
    }

    /// The shop's users that match the filter, in list order.
    pub(crate) fn filtered_users(&self, shop: ShopId, filter: &UserFilter) -> Vec<(UserId, User)> {
        self.users_of(shop).filter(|user| filter.matches(user)).map(|user| (user.id, user.clone())).collect()
    }

    pub(crate) fn update_user(&mut self, shop: ShopId, id: UserId, update: UserUpdate) -> UpdateUserOutcome {
        let UserUpdate { changes, stamp } = update;
        let Some(mut user) = self.users.get(&(shop, id)).cloned() else {
            return UpdateUserOutcome::UserNotFound;
        };
        if let Some(folded) = changes.email.as_deref().map(fold_email)
            && self.users_of(shop).any(|other| other.id != id && fold_email(&other.email) == folded)
        {
            return UpdateUserOutcome::EmailTaken;
        }
        let (before, deactivates) = (user.clone(), changes.is_active == Some(false));
        changes.apply(&mut user, stamp.time);
        let mut changed = Vec::new();
        if user != before {
            changed.push((EventKind::UserUpdated, Subject::User(id)));
        }
        if deactivates {
            let keys = self.api_keys.values_mut().filter(|key| key.shop_id == shop);
            for key in keys.filter(|key| key.user_id == Some(id)) {
                if key.revoke(stamp.time) {
                    changed.push((EventKind::ApiKeyRevoked, Subject::ApiKey(key.number)));
                }
            }
        }
        if deactivates {
            self.lock_out(shop, id);
        }
        self.users.insert((shop, id), user.clone());
        self.append_events(shop, stamp, changed);
        UpdateUserOutcome::Updated(user)
    }
}

#[async_trait]
impl UserStore for MemoryStorage {
    async fn create_user(
        &self,
        shop: ShopId,
        user: NewUser,
        claim: Option<DeferredClaim<CreateUserOutcome>>,
    ) -> Result<IdempotentOutcome<CreateUserOutcome>, StorageError> {
        self.state().attempt(shop, claim, |state| state.create_user(shop, user))
    }

    async fn find_user(&self, shop: ShopId, id: UserId) -> Result<Option<User>, StorageError> {
        Ok(self.state().users.get(&(shop, id)).cloned())
    }

    async fn list_users(
        &self,
        shop: ShopId,
        filter: UserFilter,
        after: Option<UserId>,
        size: PageSize,
    ) -> Result<Page<User, UserId>, StorageError> {
        let mut users = self.state().filtered_users(shop, &filter);
        users.retain(|(id, _)| after.is_none_or(|after| *id > after));
        Ok(Page::cut(users, size))
    }

    async fn count_users(&self, shop: ShopId, filter: UserFilter) -> Result<u64, StorageError> {
        Ok(self.state().filtered_users(shop, &filter).len() as u64)
    }

    async fn update_user(
        &self,
        shop: ShopId,
        id: UserId,
        update: UserUpdate,
        claim: Option<DeferredClaim<UpdateUserOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateUserOutcome>, StorageError> {
        self.state().attempt(shop, claim, |state| Ok(state.update_user(shop, id, update)))
    }
}
