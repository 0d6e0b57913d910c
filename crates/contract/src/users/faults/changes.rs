//! Faults of updates of users.

use hexdesk_domain::ports::{UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{ApiKey, ShopId, Timestamp, User, UserChanges, UserId, fold_email};

use crate::faulty::{Fault, Store, fault};

fn has_email(user: &User, changes: &UserChanges) -> bool {
    changes.email.as_ref().is_some_and(|email| fold_email(&user.email) == fold_email(email))
}

/// Returns the key's time of revocation from before the update.
type FormerRevocation<'a> = &'a dyn Fn(&ApiKey) -> Option<Timestamp>;

impl Fault {
    /// Applies further changes after an update that takes effect, and returns the changed user.
    fn after_user_update(self, more: fn(&mut Store<'_>, &mut User, &UserUpdate)) -> Self {
        self.user_update(move |store, shop, id, update| {
            let mut outcome = store.update_user(shop, id, update.clone());
            if let UpdateUserOutcome::Updated(user) = &mut outcome {
                more(store, user, &update);
                store.users.insert((shop, id), user.clone());
            }
            Ok(outcome)
        })
    }

    /// Changes keys after an update of a user.
    fn keys_after_user_update(
        self,
        change: fn(&mut ApiKey, &User, &UserUpdate, FormerRevocation<'_>),
    ) -> Self {
        self.user_update(move |store, shop, id, update| {
            let before = store.api_keys.clone();
            let outcome = store.update_user(shop, id, update.clone());
            if let UpdateUserOutcome::Updated(user) = &outcome {
                for (place, key) in &mut store.api_keys {
                    change(key, user, &update, &|_| before.get(place).and_then(|key| key.revoked_at));
                }
            }
            Ok(outcome)
        })
    }

    /// Returns `EmailTaken` without updating if the predicate is true.
    fn user_email_taken_if(self, is_taken: fn(&Store<'_>, ShopId, UserId, &UserChanges) -> bool) -> Self {
        self.user_update(move |store, shop, id, update| {
            if is_taken(store, shop, id, &update.changes) {
                return Ok(UpdateUserOutcome::EmailTaken);
            }
            Ok(store.update_user(shop, id, update))
        })
    }
}

fn is_of(key: &ApiKey, user: &User) -> bool {
    (key.shop_id, key.user_id) == (user.shop_id, Some(user.id))
}

fn is_deactivation(update: &UserUpdate) -> bool {
    update.changes.is_active == Some(false)
}

pub(super) fn faults() -> Vec<Fault> {
    vec![
        fault("USER-8", "Deactivating an inactive user changes the time of deactivation.")
            .after_user_update(|_, user, update| {
                if is_deactivation(update) {
                    user.deactivated_at = Some(update.stamp.time);
                }
            })
            .found_by_the_model(),
        fault("USER-8", "Every update activates the user.").user_update(|store, shop, id, mut update| {
            update.changes.is_active.get_or_insert(true);
            Ok(store.update_user(shop, id, update))
        }),
        fault("USER-8", "A removed last name stays.").user_update(|store, shop, id, mut update| {
            update.changes.last_name.take_if(|name| name.is_none());
            Ok(store.update_user(shop, id, update))
        }),
        fault("USER-8", "Users of other shops change, too.").after_user_update(|store, user, _| {
            for there in store.users.values_mut().filter(|there| there.id == user.id) {
                there.full_name.clone_from(&user.full_name);
            }
        }),
        fault("USER-8", "Comments lose a deactivated author.").after_user_update(|store, user, _| {
            if user.deactivated_at.is_some() {
                let theirs = (user.shop_id, Some(user.id));
                let comments = store.comments.values_mut();
                for comment in comments.filter(|comment| (comment.shop_id, comment.author_id) == theirs) {
                    comment.author_id = None;
                }
            }
        }),
        fault("TICKET-4", "Tickets lose a deactivated assignee.").after_user_update(|store, user, _| {
            if user.deactivated_at.is_some() {
                let theirs = (user.shop_id, Some(user.id));
                let tickets = store.tickets.values_mut().map(|stored| &mut stored.ticket);
                for ticket in tickets.filter(|ticket| (ticket.shop_id, ticket.assigned_to) == theirs) {
                    ticket.assigned_to = None;
                }
            }
        }),
        fault("USER-9", "A taken e-mail address is checked before the user.").user_email_taken_if(
            |store, shop, id, changes| {
                store.users_of(shop).any(|user| user.id != id && has_email(user, changes))
            },
        ),
        fault("USER-9", "An update ignores the case of taken addresses of users in ASCII only.")
            .user_update(|store, shop, id, update| {
                let outcome = store.update_user(shop, id, update.clone());
                let email = update.changes.email.as_deref();
                let is_seen = |user: &User| email.is_some_and(|email| user.email.eq_ignore_ascii_case(email));
                if outcome != UpdateUserOutcome::EmailTaken || store.users_of(shop).any(is_seen) {
                    return Ok(outcome);
                }
                let others = store.users.extract_if(.., |place, _| *place != (shop, id)).collect::<Vec<_>>();
                let outcome = store.update_user(shop, id, update);
                store.users.extend(others);
                Ok(outcome)
            })
            .found_by_the_model(),
        fault("USER-9", "A user's own address is taken.").user_email_taken_if(|store, shop, id, changes| {
            let own = store.users.get(&(shop, id));
            own.is_some_and(|own| has_email(own, changes) && Some(&own.email) != changes.email.as_ref())
        }),
        fault("USER-9", "A refused update changes the names.").user_update(|store, shop, id, update| {
            let outcome = store.update_user(shop, id, update.clone());
            if outcome == UpdateUserOutcome::EmailTaken {
                let changes = UserChanges { email: None, is_active: None, ..update.changes };
                store.update_user(shop, id, UserUpdate { changes, ..update });
            }
            Ok(outcome)
        }),
        fault("USER-9", "A refused deactivation revokes keys.").user_update(|store, shop, id, update| {
            let outcome = store.update_user(shop, id, update.clone());
            if outcome == UpdateUserOutcome::EmailTaken && is_deactivation(&update) {
                for key in store.api_keys.values_mut().filter(|key| key.user_id == Some(id)) {
                    key.revoked_at.get_or_insert(update.stamp.time);
                }
            }
            Ok(outcome)
        }),
        fault("USER-10", "A deactivation does not revoke the user's keys.")
            .keys_after_user_update(|key, user, _, revoked_before| {
                if is_of(key, user) {
                    key.revoked_at = revoked_before(key);
                }
            })
            .found_by_the_model(),
        fault("USER-10", "Keys of users with the same number in every shop are revoked.")
            .keys_after_user_update(|key, user, update, _| {
                if is_deactivation(update) && key.user_id == Some(user.id) {
                    key.revoked_at.get_or_insert(update.stamp.time);
                }
            }),
        fault("USER-10", "Keys without a user are revoked, too.").keys_after_user_update(
            |key, user, update, _| {
                if is_deactivation(update) && key.shop_id == user.shop_id && key.user_id.is_none() {
                    key.revoked_at.get_or_insert(update.stamp.time);
                }
            },
        ),
        fault("USER-10", "A deactivation changes the time when keys were revoked.").keys_after_user_update(
            |key, user, update, _| {
                if is_deactivation(update) && is_of(key, user) {
                    key.revoked_at = Some(update.stamp.time);
                }
            },
        ),
        fault("USER-10", "Expired keys of the user are not revoked.").keys_after_user_update(
            |key, user, update, revoked_before| {
                if is_of(key, user) && key.expires_at.is_some_and(|end| end <= update.stamp.time) {
                    key.revoked_at = revoked_before(key);
                }
            },
        ),
        fault("USER-10", "An activation restores keys.").keys_after_user_update(|key, user, update, _| {
            if update.changes.is_active == Some(true) && is_of(key, user) {
                key.revoked_at = None;
            }
        }),
    ]
}
