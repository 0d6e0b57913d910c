use async_trait::async_trait;
use hexdesk_domain::ports::CreateUserOutcome;
use hexdesk_domain::{NewUser, ShopId, StorageError, User, UserId, UserStore, fold_email};

use super::{MemoryStorage, State, next_number, unexpected};

impl State {
    pub(crate) fn users_of(&self, shop: ShopId) -> impl Iterator<Item = &User> {
        self.users.values().filter(move |user| user.shop_id == shop)
    }

    pub(crate) fn next_user_id(&self, shop: ShopId) -> Option<UserId> {
        UserId::new(next_number(self.users_of(shop).map(|user| user.id.get())))
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
}

pub(crate) fn user_from(new: NewUser, shop: ShopId, id: UserId) -> User {
    let NewUser { id: _, email, first_name, last_name, full_name, created_at } = new;
    User { id, shop_id: shop, email, first_name, last_name, full_name, created_at }
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
