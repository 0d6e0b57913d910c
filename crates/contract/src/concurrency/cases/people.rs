//! Concurrent updates of customers and users.

use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::ports::{CreateKeyOutcome, RotateKeyOutcome, UpdateCustomerOutcome};
use hexdesk_domain::{CustomerChanges, IdempotentOutcome, KeyNumber, NewApiKey, Storage, User, UserChanges};

use super::{RACERS, ROUNDS, has_its_own, race};
use crate::cases::customer_lists::{all, whole_list};
use crate::cases::user_changes::{change, deactivation_revokes_keys, update_user};
use crate::comparison::same;
use crate::samples::{
    at, create_customer, create_key, create_shop, create_user, customer_by_phone_number, customer_update,
    list_keys, new_key, rotate_key, rotation, user_by_email,
};

/// CUSTOMER-14: of racing updates to one e-mail address, exactly one takes effect.
pub async fn customer_14_one_of_racing_updates_wins(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "shop.example.com").await?.id;
    let mut customers = Vec::new();
    for racer in 0..RACERS {
        customers.push(create_customer(&*storage, shop, customer_by_phone_number(&racer.to_string())).await?);
    }
    for round in 0..ROUNDS {
        let before = whole_list(&*storage, shop, &all()).await?;
        let outcomes = race(RACERS, |racer| {
            let (storage, id) = (Arc::clone(&storage), customers[racer].id);
            async move {
                // The same address in two spellings. Some have their own address.
                let name = if racer % 2 == 0 { "Ada" } else { "aDA" };
                let address = if has_its_own(racer) {
                    format!("{name}-{round}-{racer}@example.com")
                } else {
                    format!("{name}-{round}@example.com")
                };
                let changes = CustomerChanges {
                    email: Some(Some(address)),
                    first_name: Some(Some(format!("{round}"))),
                    ..CustomerChanges::default()
                };
                Ok((racer, id, storage.update_customer(shop, id, customer_update(changes), None).await?))
            }
        })
        .await?;
        let mut winners = 0;
        for (racer, id, outcome) in outcomes {
            let found = storage.find_customer(shop, id).await?;
            match outcome {
                IdempotentOutcome::Ran(UpdateCustomerOutcome::Updated(customer)) => {
                    winners += usize::from(!has_its_own(racer));
                    same("the customer returned to a racer", &found, &Some(*customer))?;
                }
                IdempotentOutcome::Ran(UpdateCustomerOutcome::EmailTaken) if !has_its_own(racer) => {
                    let was = before.iter().find(|customer| customer.id == id);
                    same("a customer whose update was refused", &found.as_ref(), &was)?;
                }
                other => anyhow::bail!("a racer got {other:?}"),
            }
        }
        same("the number of racers with `Updated`", &winners, &1)?;
    }
    Ok(())
}

/// USER-10: a deactivation revokes all of the user's keys, even those that concurrent calls add.
pub async fn user_10_deactivation_leaves_no_key(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    deactivation_revokes_keys(&*storage).await?;
    for round in 0..ROUNDS {
        let shop = create_shop(&*storage, &format!("round-{round}.example.com")).await?.id;
        let user = create_user(&*storage, shop, user_by_email("agent@example.com")).await?;
        let colleague = create_user(&*storage, shop, user_by_email("colleague@example.com")).await?;
        let mut numbers = Vec::new();
        for seed in 0..10 {
            let new = NewApiKey { user_id: Some(user.id), ..new_key(seed) };
            numbers.push(create_key(&*storage, shop, new).await?.number);
        }
        let added = race(RACERS, |racer| {
            let (storage, user, colleague) = (Arc::clone(&storage), user.clone(), colleague.clone());
            let key = numbers[racer % numbers.len()];
            async move { take_part(&*storage, racer, &user, &colleague, key).await }
        })
        .await?;
        numbers.extend(added.into_iter().flatten());
        numbers.sort_unstable();
        let found = storage.find_user(shop, user.id).await?.context("the user is not found")?;
        let deactivated_at = found.deactivated_at.context("a deactivated user is active")?;
        let keys = list_keys(&*storage, shop).await?;
        let listed: Vec<_> = keys.iter().map(|key| key.number).collect();
        same("the keys from before the race and from racers", &listed, &numbers)?;
        for key in &keys {
            // Revoked by the first deactivation, because no key is added after it.
            let expected = (key.user_id == Some(user.id)).then_some(deactivated_at);
            same("when a key was revoked", &key.revoked_at, &expected)?;
        }
    }
    Ok(())
}

/// Deactivates the user, or adds a key for the user or for a colleague. Returns the number of an
/// added key.
async fn take_part(
    storage: &dyn Storage,
    racer: usize,
    user: &User,
    colleague: &User,
    key: KeyNumber,
) -> anyhow::Result<Option<KeyNumber>> {
    let seed = u8::try_from(racer)?;
    match racer % 5 {
        0 => {
            let deactivate = UserChanges { is_active: Some(false), ..UserChanges::default() };
            let deactivate = change(deactivate, at(i64::from(seed)));
            update_user(storage, user.shop_id, user.id, deactivate).await?;
            Ok(None)
        }
        1 => match rotate_key(storage, user.shop_id, key, rotation(seed, at(5), at(9))).await? {
            RotateKeyOutcome::Rotated(added) => Ok(Some(added.number)),
            RotateKeyOutcome::NotLive => Ok(None),
        },
        other => {
            let owner = if other == 2 { colleague } else { user };
            let new = NewApiKey { user_id: Some(owner.id), ..new_key(seed) };
            match storage.create_key(user.shop_id, new, None).await? {
                IdempotentOutcome::Ran(CreateKeyOutcome::Created(added)) => Ok(Some(added.number)),
                IdempotentOutcome::Ran(CreateKeyOutcome::UserNotFound) if owner == user => Ok(None),
                other => anyhow::bail!("creating a racer's key returned {other:?}"),
            }
        }
    }
}
