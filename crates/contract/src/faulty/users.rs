use async_trait::async_trait;
use hexdesk_domain::ports::{CreateUserOutcome, UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{
    DeferredClaim, IdempotentOutcome, NewUser, Page, ShopId, StorageError, User, UserFilter, UserId,
    UserStore,
};

use super::once::{kept_apart, recording_all, without_fingerprint};
use super::{Fault, FaultyStorage};
use crate::memory::{page_of, user_from};

fn trimmed(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
}

impl FaultyStorage {
    fn listed_users(&self, shop: ShopId, filter: UserFilter) -> Vec<(UserId, User)> {
        let state = self.inner.state();
        let mut users = state.filtered_users(shop, filter);
        match self.fault {
            Fault::UsersOfEveryShopListed => {
                for other in state.shops.keys().filter(|other| **other != shop) {
                    users.extend(state.filtered_users(*other, filter));
                }
                users.sort_by_key(|(id, _)| *id);
            }
            Fault::InactiveUsersHidden if filter.is_active.is_none() => {
                users.retain(|(_, user)| user.deactivated_at.is_none());
            }
            Fault::LargestUsersFirst => users.reverse(),
            _ => {}
        }
        users
    }

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
            Fault::UserOfBefore1970Inactive if new.stamp.time.unix_millis() < 0 => {
                let mut outcome = self.inner.state().create_user(shop, new)?;
                if let CreateUserOutcome::Created(user) = &mut outcome {
                    user.deactivated_at = Some(user.created_at);
                    self.inner.state().users.insert((shop, user.id), user.clone());
                }
                Ok(outcome)
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
        once: Option<DeferredClaim<CreateUserOutcome>>,
    ) -> Result<IdempotentOutcome<CreateUserOutcome>, StorageError> {
        let once = match self.fault {
            Fault::RefusedUserRecorded => recording_all(once),
            Fault::UserFingerprintIgnored => without_fingerprint(once),
            Fault::UserKeysApart => kept_apart(once),
            _ => once,
        };
        match self.fault {
            Fault::UserBeforeRecord => {
                let there = self.inner.state().clone().create_user(shop, new.clone())?;
                if matches!(there, CreateUserOutcome::EmailTaken(_)) {
                    return Ok(IdempotentOutcome::Ran(there));
                }
                self.inner.create_user(shop, new, once).await
            }
            Fault::RacingUserKeys => self.racing_keys(shop, once, |state| state.create_user(shop, new)).await,
            _ if once.is_some() => self.inner.create_user(shop, new, once).await,
            _ => {
                let outcome = self.add_user(shop, new)?;
                self.hold_back_last(shop).await;
                Ok(IdempotentOutcome::Ran(outcome))
            }
        }
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
        let mut users = self.listed_users(shop, filter);
        if let Some(after) = after {
            match self.fault {
                Fault::LargestUsersFirst => users.retain(|(id, _)| *id < after),
                _ => users.retain(|(id, _)| *id > after),
            }
        }
        let last = users.last().map(|(id, _)| *id);
        let is_full = u32::try_from(users.len()) == Ok(limit);
        let mut page = page_of(users, Some(limit));
        if self.fault == Fault::FullPageOfUsersGoesOn && is_full {
            page.next = last;
        }
        Ok(page)
    }

    async fn count_users(&self, shop: ShopId, filter: UserFilter) -> Result<u64, StorageError> {
        let filter = match self.fault {
            Fault::UserCountIgnoresFilter => UserFilter::default(),
            _ => filter,
        };
        Ok(self.listed_users(shop, filter).len() as u64)
    }

    async fn update_user(
        &self,
        shop: ShopId,
        id: UserId,
        update: UserUpdate,
        once: Option<DeferredClaim<UpdateUserOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateUserOutcome>, StorageError> {
        self.attempt_user_update(shop, id, update, once).await
    }
}
