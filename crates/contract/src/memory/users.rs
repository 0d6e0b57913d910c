use async_trait::async_trait;
use hexdesk_domain::ports::{CreateUserOutcome, UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{
    DeferredClaim, EventKind, IdempotentOutcome, NewUser, Page, ShopId, StorageError, Subject, Timestamp,
    User, UserChanges, UserFilter, UserId, UserStore, fold_email,
};

use super::{MemoryStorage, State, next_number, page_of, unexpected};

impl State {
    pub(crate) fn users_of(&self, shop: ShopId) -> impl Iterator<Item = &User> {
        self.users.values().filter(move |user| user.shop_id == shop)
    }

    pub(crate) fn next_user_id(&self, shop: ShopId) -> Option<UserId> {
        UserId::new(next_number(self.users_of(shop).map(|user| user.id.get())))
    }

    pub(crate) fn is_active_user(&self, shop: ShopId, id: UserId) -> bool {
        self.users.get(&(shop, id)).is_some_and(is_active)
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
        let user = user_from(new, shop, id);
        self.users.insert((shop, id), user.clone());
        self.append_events(shop, stamp, [(EventKind::UserCreated, Subject::User(id))]);
        Ok(CreateUserOutcome::Created(user))
    }

    /// The shop's users that the filter lets through, in the order of lists.
    pub(crate) fn filtered_users(&self, shop: ShopId, filter: UserFilter) -> Vec<(UserId, User)> {
        let UserFilter { is_active: wanted } = filter;
        self.users_of(shop)
            .filter(|user| wanted.is_none_or(|wanted| is_active(user) == wanted))
            .map(|user| (user.id, user.clone()))
            .collect()
    }

    pub(crate) fn update_user(&mut self, shop: ShopId, id: UserId, update: UserUpdate) -> UpdateUserOutcome {
        let UserUpdate { changes, stamp } = update;
        let Some(there) = self.users.get(&(shop, id)).cloned() else {
            return UpdateUserOutcome::UserNotFound;
        };
        if let Some(folded) = changes.email.as_deref().map(fold_email)
            && self.users_of(shop).any(|other| other.id != id && fold_email(&other.email) == folded)
        {
            return UpdateUserOutcome::EmailTaken;
        }
        let mut changed = Vec::new();
        if !changes.is_empty() {
            changed.push((EventKind::UserUpdated, Subject::User(id)));
        }
        if changes.is_active == Some(false) {
            let keys = self.api_keys.values_mut().filter(|key| key.shop_id == shop);
            for key in keys.filter(|key| key.user_id == Some(id) && key.revoked_at.is_none()) {
                key.revoked_at = Some(stamp.time);
                changed.push((EventKind::ApiKeyRevoked, Subject::ApiKey(key.number)));
            }
        }
        let user = changed_user(there, changes, stamp.time);
        self.users.insert((shop, id), user.clone());
        self.append_events(shop, stamp, changed);
        UpdateUserOutcome::Updated(user)
    }
}

fn is_active(user: &User) -> bool {
    user.deactivated_at.is_none()
}

/// What becomes of a user by changes at this time.
pub(crate) fn changed_user(user: User, changes: UserChanges, changed_at: Timestamp) -> User {
    let UserChanges { email, first_name, last_name, full_name, is_active } = changes;
    User {
        email: email.unwrap_or(user.email),
        first_name: first_name.unwrap_or(user.first_name),
        last_name: last_name.unwrap_or(user.last_name),
        full_name: full_name.unwrap_or(user.full_name),
        deactivated_at: match is_active {
            Some(true) => None,
            Some(false) => user.deactivated_at.or(Some(changed_at)),
            None => user.deactivated_at,
        },
        ..user
    }
}

pub(crate) fn user_from(new: NewUser, shop: ShopId, id: UserId) -> User {
    let NewUser { id: _, email, first_name, last_name, full_name, stamp } = new;
    User {
        id,
        shop_id: shop,
        email,
        first_name,
        last_name,
        full_name,
        created_at: stamp.time,
        deactivated_at: None,
    }
}

#[async_trait]
impl UserStore for MemoryStorage {
    async fn create_user(
        &self,
        shop: ShopId,
        user: NewUser,
        once: Option<DeferredClaim<CreateUserOutcome>>,
    ) -> Result<IdempotentOutcome<CreateUserOutcome>, StorageError> {
        self.state().attempt(shop, once, |state| state.create_user(shop, user))
    }

    async fn find_user(&self, shop: ShopId, id: UserId) -> Result<Option<User>, StorageError> {
        Ok(self.state().users.get(&(shop, id)).cloned())
    }

    async fn list_users(
        &self,
        shop: ShopId,
        filter: UserFilter,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Page<User, UserId>, StorageError> {
        let mut users = self.state().filtered_users(shop, filter);
        users.retain(|(id, _)| after.is_none_or(|after| *id > after));
        Ok(page_of(users, Some(limit)))
    }

    async fn count_users(&self, shop: ShopId, filter: UserFilter) -> Result<u64, StorageError> {
        Ok(self.state().filtered_users(shop, filter).len() as u64)
    }

    async fn update_user(
        &self,
        shop: ShopId,
        id: UserId,
        update: UserUpdate,
        once: Option<DeferredClaim<UpdateUserOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateUserOutcome>, StorageError> {
        self.state().attempt(shop, once, |state| Ok(state.update_user(shop, id, update)))
    }
}
