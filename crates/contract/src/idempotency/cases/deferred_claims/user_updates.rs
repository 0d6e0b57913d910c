//! Updates of users.

use std::sync::Arc;

use async_trait::async_trait;
use hexdesk_domain::ports::{UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{
    DeferredClaim, IdempotencyRequest, IdempotentOutcome, NewApiKey, NewUser, Receipt, Storage, Timestamp,
    UserChanges, UserId,
};

use super::{Operation, Thing, answer_of, request, shown};
use crate::cases::user_changes::{change, update_user};
use crate::comparison::same;
use crate::samples::{
    ShopWithPeople, at, create_key, create_user, list_keys, new_key, user_by_email, user_id,
};

/// Updates of users, one for each number.
pub(super) struct UserUpdates;

fn updated_id(number: i64) -> anyhow::Result<UserId> {
    user_id(200_000 + number)
}

fn update_receipt(outcome: &UpdateUserOutcome) -> Option<Receipt> {
    match outcome {
        UpdateUserOutcome::Updated(_) => Some(Receipt { response: answer_of(outcome), customer_id: None }),
        UpdateUserOutcome::UserNotFound | UpdateUserOutcome::EmailTaken => None,
    }
}

#[async_trait]
impl Operation for UserUpdates {
    async fn prepare(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<()> {
        let id = updated_id(number)?;
        if storage.find_user(fixture.shop.id, id).await?.is_none() {
            let email = format!("updated-{number}@example.com");
            create_user(storage, fixture.shop.id, NewUser { id: Some(id), ..user_by_email(&email) }).await?;
        }
        Ok(())
    }

    async fn attempt(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        thing: Thing,
        request: Option<(IdempotencyRequest, Timestamp)>,
    ) -> anyhow::Result<IdempotentOutcome<Vec<u8>>> {
        let (Thing::New(number) | Thing::Refused(number)) = thing;
        self.prepare(storage, fixture, number).await?;
        let good = UserChanges {
            full_name: Some(Some(format!("update {number}"))),
            is_active: Some(false),
            ..UserChanges::default()
        };
        let (id, changes) = match thing {
            Thing::New(_) => (updated_id(number)?, good),
            Thing::Refused(_) if number % 2 == 0 => (user_id(404)?, good),
            Thing::Refused(_) => {
                (updated_id(number)?, UserChanges { email: Some("AGENT@example.com".into()), ..good })
            }
        };
        let claim = request.map(|(request, requested_at)| DeferredClaim {
            request,
            requested_at,
            receipt: Arc::new(update_receipt),
        });
        Ok(shown(storage.update_user(fixture.shop.id, id, change(changes, at(9)), claim).await?))
    }

    async fn is_there(
        &self,
        storage: &dyn Storage,
        fixture: &ShopWithPeople,
        number: i64,
    ) -> anyhow::Result<bool> {
        let Some(user) = storage.find_user(fixture.shop.id, updated_id(number)?).await? else {
            return Ok(false);
        };
        match (user.full_name.as_deref(), user.deactivated_at) {
            (None, None) => Ok(false),
            (Some(name), Some(_)) if name == format!("update {number}") => Ok(true),
            _ => anyhow::bail!("a user updated at most once is now {user:?}"),
        }
    }
}

/// The record is checked before the user and the address. A repeated request deactivates nobody.
pub(super) async fn update_is_replayed_whatever_became_of_the_user(
    storage: &dyn Storage,
) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(storage, "replayed.example.com").await?;
    let (shop, id) = (fixture.shop.id, fixture.user.id);
    let attempt = async |key: &str, number: u8, update: UserUpdate| {
        let receipt = Arc::new(update_receipt);
        let claim = DeferredClaim { request: request(key, number)?, requested_at: at(3), receipt };
        anyhow::Ok(shown(storage.update_user(shop, id, update, Some(claim)).await?))
    };
    let empty = change(UserChanges::default(), at(1));
    let deactivate = UserChanges {
        email: Some("first@example.com".into()),
        is_active: Some(false),
        ..UserChanges::default()
    };
    let deactivate = change(deactivate, at(2));
    let IdempotentOutcome::Ran(of_empty) = attempt("empty", 1, empty.clone()).await? else {
        anyhow::bail!("an empty update with a new key did not run");
    };
    let IdempotentOutcome::Ran(of_first) = attempt("first", 1, deactivate.clone()).await? else {
        anyhow::bail!("an update with a new key did not run");
    };
    // The user is active again, with a key and another address. The old address is now another
    // user's.
    let activate = UserChanges {
        email: Some("second@example.com".into()),
        is_active: Some(true),
        ..UserChanges::default()
    };
    let user = update_user(storage, shop, id, change(activate, at(4))).await?;
    create_user(storage, shop, user_by_email("FIRST@example.com")).await?;
    let key = create_key(storage, shop, NewApiKey { user_id: Some(id), ..new_key(1) }).await?;
    for (key, update, answer) in [("empty", empty, of_empty), ("first", deactivate, of_first)] {
        let again = attempt(key, 1, update.clone()).await?;
        same("an update again", &again, &IdempotentOutcome::Replayed(answer))?;
        same("another update", &attempt(key, 2, update).await?, &IdempotentOutcome::KeyReused)?;
    }
    same("the user", &storage.find_user(shop, id).await?, &Some(user))?;
    same("the user's keys", &list_keys(storage, shop).await?, &vec![key])
}
