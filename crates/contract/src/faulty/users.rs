use async_trait::async_trait;
use hexdesk_domain::ports::{CreateUserOutcome, UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{
    Attempt, NewUser, Once, Page, ShopId, StorageError, User, UserFilter, UserId, UserStore,
};

use super::{Fault, FaultyStorage};
use crate::memory::user_from;

fn trimmed(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
}

impl FaultyStorage {
    fn add_user(&self, shop: ShopId, new: NewUser) -> Result<CreateUserOutcome, StorageError> {
        match self.fault {
            Fault::UserNamesTrimmed => {
                let new = NewUser {
                    first_name: trimmed(new.first_name),
                    last_name: trimmed(new.last_name),
                    full_name: trimmed(new.full_name),
                    ..new
                };
                self.inner.state().create_user(shop, new)
            }
            Fault::UserEmailFoldedInAscii => {
                let outcome = self.inner.state().create_user(shop, new.clone())?;
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
                self.inner.state().create_user(shop, NewUser { id, ..new })
            }
            Fault::UserOverwritten => {
                let outcome = self.inner.state().create_user(shop, new.clone())?;
                if outcome == CreateUserOutcome::IdTaken
                    && let Some(id) = new.id
                    && let Some(there) = self.inner.state().users.get_mut(&(shop, id))
                {
                    there.first_name = new.first_name;
                }
                Ok(outcome)
            }
            _ => self.inner.state().create_user(shop, new),
        }
    }
}

#[async_trait]
impl UserStore for FaultyStorage {
    async fn create_user(
        &self,
        shop: ShopId,
        new: NewUser,
        once: Option<Once<CreateUserOutcome>>,
    ) -> Result<Attempt<CreateUserOutcome>, StorageError> {
        if once.is_some() {
            return self.inner.create_user(shop, new, once).await;
        }
        self.add_user(shop, new).map(Attempt::Ran)
    }

    async fn find_user(&self, shop: ShopId, id: UserId) -> Result<Option<User>, StorageError> {
        let found = self.inner.find_user(shop, id).await?;
        if self.fault == Fault::UserFoundAcrossShops && found.is_none() {
            return Ok(self.inner.state().users.values().find(|there| there.id == id).cloned());
        }
        Ok(found)
    }

    async fn list_users(
        &self,
        shop: ShopId,
        filter: UserFilter,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Page<User, UserId>, StorageError> {
        self.inner.list_users(shop, filter, after, limit).await
    }

    async fn count_users(&self, shop: ShopId, filter: UserFilter) -> Result<u64, StorageError> {
        self.inner.count_users(shop, filter).await
    }

    async fn update_user(
        &self,
        shop: ShopId,
        id: UserId,
        update: UserUpdate,
        once: Option<Once<UpdateUserOutcome>>,
    ) -> Result<Attempt<UpdateUserOutcome>, StorageError> {
        self.inner.update_user(shop, id, update, once).await
    }
}
