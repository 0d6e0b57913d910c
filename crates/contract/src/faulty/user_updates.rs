use hexdesk_domain::ports::{UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{
    ApiKey, DeferredClaim, EventKind, IdempotentOutcome, ShopId, StorageError, Subject, User, UserChanges,
    UserId, fold_email,
};

use super::once::{kept_apart, recording_all, without_fingerprint};
use super::{Fault, FaultyStorage, gap};
use crate::memory::{State, changed_user};

impl FaultyStorage {
    pub(super) async fn attempt_user_update(
        &self,
        shop: ShopId,
        id: UserId,
        update: UserUpdate,
        once: Option<DeferredClaim<UpdateUserOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateUserOutcome>, StorageError> {
        let once = match self.fault {
            Fault::RefusedUserRecorded => recording_all(once),
            Fault::UserFingerprintIgnored => without_fingerprint(once),
            Fault::UserKeysApart => kept_apart(once),
            Fault::UserUpdateNotRecorded => None,
            _ => once,
        };
        if update.changes.is_empty() {
            let event = (EventKind::UserUpdated, Subject::User(id));
            self.log_anyway(Fault::EmptyUserUpdateLogged, shop, update.stamp, event);
        }
        if self.fault == Fault::RacingDeactivation {
            let seen = self.inner.state().api_keys.clone();
            gap().await;
            let mut state = self.inner.state();
            let attempt = state.attempt(shop, once, |state| Ok(state.update_user(shop, id, update)));
            // What was not there before the gap is not revoked.
            for (place, key) in state.api_keys.iter_mut().filter(|(place, _)| !seen.contains_key(place)) {
                key.revoked_at = key.revoked_at.filter(|_| place.0 != shop);
            }
            return attempt;
        }
        let mut state = self.inner.state();
        state.attempt(shop, once, |state| Ok(self.run_user_update(state, shop, id, update)))
    }

    fn run_user_update(
        &self,
        state: &mut State,
        shop: ShopId,
        id: UserId,
        mut update: UserUpdate,
    ) -> UpdateUserOutcome {
        let before = state.clone();
        if self.is_taken_for_taken(state, shop, id, &update.changes) {
            return UpdateUserOutcome::EmailTaken;
        }
        match self.fault {
            Fault::UpdateActivates => {
                update.changes.is_active.get_or_insert(true);
            }
            Fault::ClearedUserNameStays => {
                update.changes.last_name = update.changes.last_name.filter(Option::is_some);
            }
            _ => {}
        }
        let outcome = state.update_user(shop, id, update.clone());
        match outcome {
            UpdateUserOutcome::Updated(user) => {
                let user = self.change_user_further(state, user, &update);
                self.treat_keys_otherwise(state, &before, &user, &update);
                UpdateUserOutcome::Updated(user)
            }
            refusal => self.refused_otherwise(state, shop, id, update, refusal),
        }
    }

    fn is_taken_for_taken(&self, state: &State, shop: ShopId, id: UserId, said: &UserChanges) -> bool {
        let Some(email) = &said.email else { return false };
        let has_it = |user: &User| fold_email(&user.email) == fold_email(email);
        match self.fault {
            Fault::AddressBeforeUser => state.users_of(shop).any(|user| user.id != id && has_it(user)),
            Fault::OwnUserAddressTaken => {
                let own = state.users.get(&(shop, id));
                own.is_some_and(|own| has_it(own) && own.email != *email)
            }
            _ => false,
        }
    }

    fn change_user_further(&self, state: &mut State, mut user: User, update: &UserUpdate) -> User {
        let place = (user.shop_id, user.id);
        match self.fault {
            Fault::DeactivatedAnew if update.changes.is_active == Some(false) => {
                user.deactivated_at = Some(update.stamp.time);
            }
            Fault::UserUpdateInEveryShop => {
                for there in state.users.values_mut().filter(|there| there.id == user.id) {
                    there.full_name.clone_from(&user.full_name);
                }
            }
            Fault::DeactivatedAuthorsGone if user.deactivated_at.is_some() => {
                let theirs = state.comments.iter_mut();
                for (_, comment) in
                    theirs.filter(|((owner, _), it)| (*owner, it.author_id) == (place.0, Some(place.1)))
                {
                    comment.author_id = None;
                }
            }
            Fault::DeactivatedAssigneesGone if user.deactivated_at.is_some() => {
                let tickets = state.tickets.values_mut().map(|stored| &mut stored.ticket);
                for ticket in tickets.filter(|it| (it.shop_id, it.assigned_to) == (place.0, Some(place.1))) {
                    ticket.assigned_to = None;
                }
            }
            _ => {}
        }
        state.users.insert(place, user.clone());
        user
    }

    /// Keys that are left, revoked or brought back against the rules.
    fn treat_keys_otherwise(&self, state: &mut State, before: &State, user: &User, update: &UserUpdate) {
        let is_deactivation = update.changes.is_active == Some(false);
        let is_theirs = |key: &ApiKey| (key.shop_id, key.user_id) == (user.shop_id, Some(user.id));
        let was =
            |key: &ApiKey| before.api_keys.get(&(key.shop_id, key.number)).and_then(|key| key.revoked_at);
        for key in state.api_keys.values_mut() {
            match self.fault {
                Fault::DeactivationKeepsKeys if is_theirs(key) => key.revoked_at = was(key),
                Fault::ExpiredKeysNotRevoked
                    if is_theirs(key) && key.expires_at.is_some_and(|end| end <= update.stamp.time) =>
                {
                    key.revoked_at = was(key);
                }
                Fault::KeysOfEveryShopRevoked if is_deactivation && key.user_id == Some(user.id) => {
                    key.revoked_at.get_or_insert(update.stamp.time);
                }
                Fault::KeysOfNobodyRevoked
                    if is_deactivation && key.shop_id == user.shop_id && key.user_id.is_none() =>
                {
                    key.revoked_at.get_or_insert(update.stamp.time);
                }
                Fault::RevokedKeysRevokedAnew if is_deactivation && is_theirs(key) => {
                    key.revoked_at = Some(update.stamp.time);
                }
                Fault::KeysBackWithTheUser if update.changes.is_active == Some(true) && is_theirs(key) => {
                    key.revoked_at = None;
                }
                _ => {}
            }
        }
    }

    fn refused_otherwise(
        &self,
        state: &mut State,
        shop: ShopId,
        id: UserId,
        update: UserUpdate,
        refusal: UpdateUserOutcome,
    ) -> UpdateUserOutcome {
        let UserUpdate { changes, stamp } = update;
        let Some(user) = state.users.get(&(shop, id)).cloned() else { return refusal };
        match self.fault {
            Fault::TakenUserAddressFoldedInAscii => {
                let is_seen = |there: &User| {
                    changes.email.as_ref().is_some_and(|email| there.email.eq_ignore_ascii_case(email))
                };
                if !state.users_of(shop).any(is_seen) {
                    let user = changed_user(user, changes, stamp.time);
                    state.users.insert((shop, id), user.clone());
                    return UpdateUserOutcome::Updated(user);
                }
            }
            Fault::RefusedUserUpdateLeavesRest => {
                let rest = UserChanges { email: None, is_active: None, ..changes };
                state.update_user(shop, id, UserUpdate { changes: rest, stamp });
            }
            Fault::RefusedDeactivationRevokes if changes.is_active == Some(false) => {
                for key in state.api_keys.values_mut().filter(|key| key.user_id == Some(id)) {
                    key.revoked_at.get_or_insert(stamp.time);
                }
            }
            _ => {}
        }
        refusal
    }
}
