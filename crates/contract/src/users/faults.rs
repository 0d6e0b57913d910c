//! Faults of creations and lists of users.

mod changes;

use hexdesk_domain::ports::CreateUserOutcome;
use hexdesk_domain::{
    NewUser, Page, ShopId, StorageError, StorageErrorKind, User, UserFilter, UserId, fold_email,
};

use crate::faulty::{Fault, KEY_BYTES, Store, cut, failure, fault, fits, full_page_goes_on, rest};
use crate::page_faults::page_faults;

fn folded_email_fits(email: &str) -> bool {
    fits(&fold_email(email))
}

fn trimmed(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
}

/// Creates a user without checking the other users.
fn create_unseen(
    store: &mut Store<'_>,
    shop: ShopId,
    new: NewUser,
) -> Result<CreateUserOutcome, StorageError> {
    let id = new.id.or(store.next_user_id(shop));
    let others = std::mem::take(&mut store.users);
    let outcome = store.create_user(shop, NewUser { id, ..new });
    store.users.extend(others);
    outcome
}

impl Fault {
    /// Replaces the list, and with it the count.
    fn user_list(
        self,
        list: impl Fn(&Store<'_>, ShopId, &UserFilter) -> Vec<(UserId, User)> + Copy + Send + Sync + 'static,
    ) -> Self {
        self.list_users(move |store, shop, filter, after, size| {
            Ok(Page::cut(rest(list(store, shop, &filter), after, |id, after| id > after), size))
        })
        .count_users(move |store, shop, filter| Ok(list(store, shop, &filter).len() as u64))
    }
}

pub(crate) fn faults() -> Vec<Fault> {
    let mut faults = vec![
        fault("USER-2", "Folded addresses of users are cut at 511 bytes.").user_creation(
            |store, shop, new| {
                let key = |email: &str| cut(&fold_email(email), KEY_BYTES);
                let existing =
                    store.users_of(shop).find(|there| key(&there.email) == key(&new.email)).cloned();
                match existing {
                    Some(there) => Ok(CreateUserOutcome::EmailTaken(there)),
                    None => store.create_user(shop, new),
                }
            },
        ),
        fault("USER-2", "A user whose folded address has more than 511 bytes is refused.").user_creation(
            |store, shop, new| {
                if !folded_email_fits(&new.email) {
                    return Err(failure(StorageErrorKind::Unexpected, "create_user"));
                }
                store.create_user(shop, new)
            },
        ),
        fault("USER-9", "An update of a user to an address with more than 511 folded bytes fails.")
            .user_update(|store, shop, id, update| {
                if update.changes.email.as_deref().is_some_and(|email| !folded_email_fits(email)) {
                    return Err(failure(StorageErrorKind::Unexpected, "update_user"));
                }
                Ok(store.update_user(shop, id, update))
            }),
        fault("USER-1", "A user from before 1970 is inactive.").user_creation(|store, shop, new| {
            let is_old = new.stamp.time.unix_millis() < 0;
            let mut outcome = store.create_user(shop, new)?;
            if let (CreateUserOutcome::Created(user), true) = (&mut outcome, is_old) {
                user.deactivated_at = Some(user.created_at);
                store.users.insert((shop, user.id), user.clone());
            }
            Ok(outcome)
        }),
        fault("USER-1", "Names lose the white space around them.").user_creation(|store, shop, new| {
            let new = NewUser {
                first_name: trimmed(new.first_name),
                last_name: trimmed(new.last_name),
                full_name: trimmed(new.full_name),
                ..new
            };
            store.create_user(shop, new)
        }),
        fault("USER-2", "The case of users' e-mail addresses is ignored in ASCII only.").user_creation(
            |store, shop, new| {
                let outcome = store.create_user(shop, new.clone())?;
                match &outcome {
                    CreateUserOutcome::EmailTaken(user) if !user.email.eq_ignore_ascii_case(&new.email) => {
                        create_unseen(store, shop, new)
                    }
                    _ => Ok(outcome),
                }
            },
        ),
        fault("USER-3", "A user is found by number in any shop.").find_user(|store, shop, id| {
            let of_shop = store.users.get(&(shop, id));
            Ok(of_shop.or_else(|| store.users.values().find(|user| user.id == id)).cloned())
        }),
        fault("USER-4", "New users get the smallest free number.").user_creation(|store, shop, new| {
            let is_free = |id: &UserId| !store.users.contains_key(&(shop, *id));
            let id = new.id.or_else(|| (1..).filter_map(UserId::new).find(is_free));
            store.create_user(shop, NewUser { id, ..new })
        }),
        fault("USER-11", "One sequence numbers the users of all shops.").user_creation(|store, shop, new| {
            let last = store.users.keys().map(|(_, id)| id.get()).max().unwrap_or_default();
            let id = new.id.or_else(|| UserId::new(last + 1));
            store.create_user(shop, NewUser { id, ..new })
        }),
        fault("USER-5", "A creation with a taken number overwrites that user's name.")
            .user_creation(|store, shop, new| {
                let outcome = store.create_user(shop, new.clone())?;
                if outcome == CreateUserOutcome::IdTaken
                    && let Some(user) = new.id.and_then(|id| store.users.get_mut(&(shop, id)))
                {
                    user.first_name = new.first_name;
                }
                Ok(outcome)
            })
            .found_by_the_model(),
        fault("USER-7", "Lists hold the users of all shops.").user_list(|store, _, filter| {
            let shops = store.shops.keys();
            let mut users: Vec<_> = shops.flat_map(|shop| store.filtered_users(*shop, filter)).collect();
            users.sort_by_key(|(id, _)| *id);
            users
        }),
        fault("USER-7", "Inactive users are not listed.")
            .user_list(|store, shop, filter| {
                let is_active = filter.is_active.or(Some(true));
                store.filtered_users(shop, &UserFilter { is_active, ..filter.clone() })
            })
            .found_by_the_model(),
        fault("USER-14", "The filter compares addresses of users character for character.").user_list(
            |store, shop, filter| {
                let mut users = store.filtered_users(shop, filter);
                users.retain(|(_, user)| filter.email.as_ref().is_none_or(|email| *email == user.email));
                users
            },
        ),
        fault("USER-14", "The filter ignores the address of users.").user_list(|store, shop, filter| {
            store.filtered_users(shop, &UserFilter { email: None, ..filter.clone() })
        }),
        fault("USER-7", "Users are listed in reverse order.").user_list(|store, shop, filter| {
            let mut users = store.filtered_users(shop, filter);
            users.reverse();
            users
        }),
        fault("USER-7", "A full page of users always has a next one.").list_users(
            |store, shop, filter, after, size| {
                let users = rest(store.filtered_users(shop, &filter), after, |id, after| id > after);
                Ok(full_page_goes_on(users, size))
            },
        ),
        fault("USER-7", "The count of users ignores the filter.").count_users(|store, shop, _| {
            Ok(store.filtered_users(shop, &UserFilter::default()).len() as u64)
        }),
    ];
    // Pages that end by bytes.
    faults.extend(page_faults!("users").map(|(broken, sentence)| {
        fault("USER-7", sentence).list_users(move |store, shop, filter, after, size| {
            let users = rest(store.filtered_users(shop, &filter), after, |id, after| id > after);
            Ok(broken.page_of(users, size))
        })
    }));
    faults.extend(changes::faults());
    faults
}
