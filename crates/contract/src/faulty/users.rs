use async_trait::async_trait;
use hexdesk_domain::ports::CreateUserOutcome;
use hexdesk_domain::{NewUser, ShopId, StorageError, User, UserId, UserStore};

use super::{Fault, FaultyStorage};
use crate::memory::user_from;

fn trimmed(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
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
