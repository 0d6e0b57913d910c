use hexdesk_domain::ports::{CreateKeyOutcome, RotateKeyOutcome};
use hexdesk_domain::{ApiKey, KeyNumber, NewApiKey, Page, ShopId, StorageError, UserId};

use crate::faulty::{Fault, Store, fault, full_page_goes_on};
use crate::memory::State;
use crate::page_faults::page_faults;

/// Creates a key for a user if `is_active` holds for that user.
fn create_for(
    store: &mut Store<'_>,
    shop: ShopId,
    new: NewApiKey,
    is_active: fn(&State, ShopId, UserId) -> bool,
) -> Result<CreateKeyOutcome, StorageError> {
    let user_id = new.user_id.filter(|user| is_active(store, shop, *user));
    let mut outcome = store.create_key(shop, new.clone())?;
    if outcome == CreateKeyOutcome::UserNotFound && user_id.is_some() {
        outcome = store.create_key(shop, NewApiKey { user_id: None, ..new })?;
        if let CreateKeyOutcome::Created(key) = &mut outcome {
            key.user_id = user_id;
            store.api_keys.insert((shop, key.number), key.clone());
        }
    }
    Ok(outcome)
}

fn keys_after(state: &State, shop: ShopId, after: Option<KeyNumber>) -> Vec<(KeyNumber, ApiKey)> {
    let keys = state.keys_of(shop).filter(|key| after.is_none_or(|after| key.number > after));
    keys.map(|key| (key.number, key.clone())).collect()
}

pub(crate) fn faults() -> Vec<Fault> {
    [of_keys(), of_lists(), of_sizes(), of_rotations()].into_iter().flatten().collect()
}

fn of_keys() -> Vec<Fault> {
    vec![
        fault("KEY-1", "The keys of a closed shop are not found.").find_key(|store, shop, number| {
            let shop = store.shops.get(&shop).filter(|shop| shop.closed_at.is_none());
            let key = shop.and_then(|shop| store.api_keys.get(&(shop.id, number)));
            Ok(key.cloned().zip(shop.cloned()))
        }),
        fault("KEY-1", "A new key has no user.")
            .key_creation(|store, shop, new| store.create_key(shop, NewApiKey { user_id: None, ..new })),
        fault("KEY-2", "A key is found by number in any shop.").find_key(|store, shop, number| {
            let mut keys = store.api_keys.values();
            let of_shop = store.api_keys.get(&(shop, number));
            let key = of_shop.or_else(|| keys.find(|key| key.number == number));
            Ok(key.and_then(|key| Some((key.clone(), store.shops.get(&key.shop_id)?.clone()))))
        }),
        fault("KEY-4", "Revoking a revoked key changes the time of revocation.").revoke_key(
            |store, shop, number, stamp| {
                if let Some(key) = store.api_keys.get_mut(&(shop, number)) {
                    key.revoked_at = None;
                }
                Ok(store.revoke_key(shop, number, stamp))
            },
        ),
        fault("KEY-7", "A key's user may be of another shop.").key_creation(|store, shop, new| {
            create_for(store, shop, new, |state, _, user| {
                state.users.values().any(|there| there.id == user && there.deactivated_at.is_none())
            })
        }),
        fault("KEY-7", "The user of a key may be inactive.").key_creation(|store, shop, new| {
            create_for(store, shop, new, |state, shop, user| state.users.contains_key(&(shop, user)))
        }),
        fault("KEY-7", "A refused key is added without a user.").key_creation(|store, shop, new| {
            let outcome = store.create_key(shop, new.clone())?;
            if outcome == CreateKeyOutcome::UserNotFound {
                store.create_key(shop, NewApiKey { user_id: None, ..new })?;
            }
            Ok(outcome)
        }),
    ]
}

fn of_lists() -> Vec<Fault> {
    vec![
        fault("KEY-3", "Revoked keys are not listed.")
            .list_keys(|store, shop, after, size| {
                let mut page = Page::cut(keys_after(store, shop, after), size);
                page.entries.retain(|key| key.revoked_at.is_none());
                Ok(page)
            })
            .found_by_the_model(),
        fault("KEY-3", "A full page of keys always has a next one.")
            .list_keys(|store, shop, after, size| Ok(full_page_goes_on(keys_after(store, shop, after), size)))
            .found_by_the_model(),
        fault("KEY-3", "A page begins at the given key.").list_keys(|store, shop, after, size| {
            let before = after.and_then(|after| KeyNumber::new(after.get() - 1));
            Ok(Page::cut(keys_after(store, shop, before), size))
        }),
        fault("KEY-3", "The keys of all shops are counted.")
            .count_keys(|store, _| Ok(store.api_keys.len() as u64)),
        fault("KEY-3", "Revoked keys are not counted.")
            .count_keys(|store, shop| {
                Ok(store.keys_of(shop).filter(|key| key.revoked_at.is_none()).count() as u64)
            })
            .found_by_the_model(),
    ]
}

/// Pages that end by bytes.
fn of_sizes() -> Vec<Fault> {
    let faults = page_faults!("keys").map(|(broken, sentence)| {
        fault("KEY-3", sentence).list_keys(move |store, shop, after, size| {
            Ok(broken.page_of(keys_after(store, shop, after), size))
        })
    });
    faults.into()
}

fn of_rotations() -> Vec<Fault> {
    vec![
        fault("KEY-5", "A rotation prolongs the old key.").key_rotation(|store, shop, number, rotation| {
            let old_ends_at = rotation.old_ends_at;
            let outcome = store.rotate_key(shop, number, rotation)?;
            if let RotateKeyOutcome::Rotated(_) = outcome
                && let Some(old) = store.api_keys.get_mut(&(shop, number))
            {
                old.expires_at = Some(old_ends_at);
            }
            Ok(outcome)
        }),
        fault("KEY-5", "The new key of a rotation has no user.")
            .key_rotation(|store, shop, number, rotation| {
                let mut outcome = store.rotate_key(shop, number, rotation)?;
                if let RotateKeyOutcome::Rotated(key) = &mut outcome {
                    key.user_id = None;
                    store.api_keys.insert((shop, key.number), key.clone());
                }
                Ok(outcome)
            })
            .found_by_the_model(),
        fault("KEY-5", "The new key does not expire.").key_rotation(|store, shop, number, mut rotation| {
            rotation.expires_at = None;
            store.rotate_key(shop, number, rotation)
        }),
        fault("KEY-5", "The new key of a rotation expires with the old one.")
            .key_rotation(|store, shop, number, mut rotation| {
                let old = store.api_keys.get(&(shop, number));
                rotation.expires_at = old.and_then(|old| old.expires_at);
                store.rotate_key(shop, number, rotation)
            })
            .found_by_the_model(),
        fault("KEY-6", "A key can be rotated in the millisecond of its expiry.").key_rotation(
            |store, shop, number, rotation| {
                let now = Some(rotation.stamp.time);
                let key = store.api_keys.get_mut(&(shop, number)).filter(|key| key.expires_at == now);
                let Some(key) = key else { return store.rotate_key(shop, number, rotation) };
                key.expires_at = None;
                let outcome = store.rotate_key(shop, number, rotation);
                if let Some(key) = store.api_keys.get_mut(&(shop, number)) {
                    key.expires_at = now;
                }
                outcome
            },
        ),
    ]
}
