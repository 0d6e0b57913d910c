//! The obligations of [`UserStore`](hexdesk_domain::UserStore) on updates.

use std::sync::Arc;

use anyhow::Context;
use hexdesk_domain::limits::MAX_PERSON_NAME_CHARS;
use hexdesk_domain::ports::{CreateUserOutcome, UpdateUserOutcome, UserUpdate};
use hexdesk_domain::{
    ApiKey, IdempotentOutcome, NewApiKey, NewUser, PageSize, ShopId, Storage, Timestamp, User, UserChanges,
    UserFilter, UserId,
};

use crate::comparison::same;
use crate::samples::shop_with_tickets::{ShopContents, ShopWithTickets};
use crate::samples::{
    ALIKE_ADDRESSES, SAME_ADDRESSES, TRICKY_TEXTS, at, create_key, create_shop, create_user, every_spelling,
    extreme_times, heavy_text_of, list_keys, longest_email, new_key, rotate_key, rotation, stamp, text_of,
    user_by_email, user_id,
};

fn nothing() -> UserChanges {
    UserChanges::default()
}

/// USER-8: the named fields change, the others do not. Deactivating again keeps the first time.
pub async fn user_8_update_changes_what_it_says(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    each_field_alone(storage).await?;
    any_text_is_kept(storage).await?;
    first_deactivation_stays(storage).await?;
    tickets_show_it(storage).await
}

/// Sets, clears and sets each field again, for users with all fields and with few.
async fn each_field_alone(storage: &dyn Storage) -> anyhow::Result<()> {
    let shops = [
        create_shop(storage, "one.fields.example.com").await?.id,
        create_shop(storage, "two.fields.example.com").await?.id,
    ];
    let mut users = Vec::new();
    for shop in shops {
        // Users with the same numbers in both shops.
        let named = |text: &str| Some(text.to_owned());
        let everything = NewUser {
            id: Some(user_id(1)?),
            first_name: named("first"),
            last_name: named("last"),
            full_name: named("full"),
            ..user_by_email("everything@example.com")
        };
        let little = NewUser { id: Some(user_id(2)?), ..user_by_email("little@example.com") };
        for new in [everything, little] {
            users.push(create_user(storage, shop, new).await?);
        }
    }
    let mut said = vec![nothing()];
    for email in ["new@example.com", "NEW@example.com", "other@example.com"] {
        said.push(UserChanges { email: Some(email.into()), ..nothing() });
    }
    for value in [Some("new"), None, Some(""), Some("new")] {
        let value = || Some(value.map(Into::into));
        said.extend([
            UserChanges { first_name: value(), ..nothing() },
            UserChanges { last_name: value(), ..nothing() },
            UserChanges { full_name: value(), ..nothing() },
        ]);
        for is_active in [Some(false), None, Some(false), Some(true), Some(true)] {
            said.push(UserChanges { is_active, ..nothing() });
            said.push(UserChanges { first_name: value(), full_name: value(), is_active, ..nothing() });
        }
    }
    said.push(UserChanges { email: Some("late@example.com".into()), is_active: Some(false), ..nothing() });
    for place in [0, 1] {
        for (changes, millis) in said.iter().zip(0..) {
            let what = format!("an update with {changes:?}");
            let expected = changed(users[place].clone(), changes.clone(), at(millis));
            let update = change(changes.clone(), at(millis));
            let updated = update_user(storage, shops[0], expected.id, update.clone()).await?;
            same(&what, &updated, &expected)?;
            users[place] = expected;
            expect_users(storage, &what, &shops, &users).await?;
            // The same update again changes nothing.
            let updated = update_user(storage, shops[0], updated.id, update).await?;
            same(&format!("{what}, again"), &updated, &users[place])?;
        }
        // Frees the address for the next user.
        let away = UserChanges { email: Some(format!("away-{place}@example.com")), ..nothing() };
        users[place] = update_user(storage, shops[0], users[place].id, change(away, at(0))).await?;
    }
    expect_users(storage, "the last update", &shops, &users).await
}

/// Fails unless the shops have exactly these users, listed as they are found.
async fn expect_users(
    storage: &dyn Storage,
    after: &str,
    shops: &[ShopId],
    users: &[User],
) -> anyhow::Result<()> {
    for shop in shops {
        let mut expected: Vec<_> = users.iter().filter(|user| user.shop_id == *shop).cloned().collect();
        expected.sort_by_key(|user| user.id);
        let page = storage.list_users(*shop, UserFilter::default(), None, PageSize::MAX).await?;
        same(&format!("the shop's users after {after}"), &page.entries, &expected)?;
        for user in &expected {
            let found = storage.find_user(*shop, user.id).await?;
            same(&format!("a user after {after}"), &found.as_ref(), &Some(user))?;
        }
    }
    Ok(())
}

async fn any_text_is_kept(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "texts.example.com").await?.id;
    let mut expected = create_user(storage, shop, user_by_email("texts@example.com")).await?;
    let mut said = vec![UserChanges {
        email: Some(longest_email()),
        first_name: Some(Some(text_of(MAX_PERSON_NAME_CHARS))),
        last_name: Some(Some(heavy_text_of(MAX_PERSON_NAME_CHARS))),
        full_name: Some(Some(text_of(MAX_PERSON_NAME_CHARS - 1))),
        is_active: None,
    }];
    said.extend(TRICKY_TEXTS.iter().map(|text| UserChanges {
        first_name: Some(Some((*text).into())),
        last_name: Some(Some(format!("last {text}"))),
        full_name: Some(Some(format!("{text} full"))),
        ..nothing()
    }));
    for changes in said {
        expected = changed(expected, changes.clone(), at(0));
        let updated = update_user(storage, shop, expected.id, change(changes, at(0))).await?;
        same("an updated user", &updated, &expected)?;
        same("the user by its number", &storage.find_user(shop, expected.id).await?, &Some(updated))?;
    }
    Ok(())
}

/// The first deactivation counts until the user is activated. Then the next one counts.
async fn first_deactivation_stays(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "times.example.com").await?.id;
    let user = create_user(storage, shop, user_by_email("times@example.com")).await?;
    let active = |is_active: bool| UserChanges { is_active: Some(is_active), ..nothing() };
    for time in extreme_times() {
        let deactivated = User { deactivated_at: Some(time), ..user.clone() };
        for again in [time, time.saturating_add_millis(1), Timestamp::MIN, Timestamp::MAX] {
            let updated = update_user(storage, shop, user.id, change(active(false), again)).await?;
            same("a deactivated user", &updated, &deactivated)?;
            same("the user by its number", &storage.find_user(shop, user.id).await?, &Some(updated))?;
        }
        for _ in 0..2 {
            let updated = update_user(storage, shop, user.id, change(active(true), time)).await?;
            same("an active user", &updated, &user)?;
            same("the user by its number", &storage.find_user(shop, user.id).await?, &Some(updated))?;
        }
    }
    Ok(())
}

/// All tickets and comments that name the user show the change, and no others. They keep a
/// deactivated user.
async fn tickets_show_it(storage: &dyn Storage) -> anyhow::Result<()> {
    let fixtures = ShopWithTickets::pair(storage, "tickets.example.com").await?;
    let changes = [
        UserChanges { full_name: Some(Some("new".into())), is_active: Some(false), ..nothing() },
        UserChanges { email: Some("changed@example.com".into()), ..nothing() },
        UserChanges { is_active: Some(true), ..nothing() },
    ];
    for fixture in &fixtures {
        for mut user in [fixture.people.user.clone(), fixture.agent.clone()] {
            for changes in &changes {
                let mut changes = changes.clone();
                changes.email = changes.email.map(|email| format!("{}-{email}", user.id));
                let before = ShopContents::of(storage, &fixtures).await?;
                let expected = changed(user, changes.clone(), at(60));
                user = update_user(storage, fixture.shop(), expected.id, change(changes, at(60))).await?;
                same("the user", &user, &expected)?;
                before.with_user(&user).expect(storage, &fixtures, "the update of a user").await?;
            }
        }
    }
    Ok(())
}

/// USER-9: an unknown user or a taken address is refused, and nothing changes.
pub async fn user_9_refused_update_changes_nothing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let one = create_shop(storage, "one.example.com").await?.id;
    let two = create_shop(storage, "two.example.com").await?.id;
    let mut users = Vec::new();
    for shop in [one, two] {
        let addresses = ["agent@example.com", "Taken@example.com"].into_iter();
        let addresses = addresses.chain(SAME_ADDRESSES.iter().map(|spellings| spellings[0].as_str()));
        for (address, number) in addresses.zip(1..) {
            let new = NewUser { id: Some(user_id(number)?), ..user_by_email(address) };
            users.push(create_user(storage, shop, new).await?);
        }
        let new = NewApiKey { user_id: Some(user_id(1)?), ..new_key(1) };
        create_key(storage, shop, new).await?;
    }
    let of_two = NewUser { id: Some(user_id(70)?), ..user_by_email("two@example.com") };
    users.push(create_user(storage, two, of_two).await?);

    let no_shop = ShopId::new(ShopId::MAX).context("a shop's number")?;
    for (shop, id) in [(one, 70), (one, 71), (two, UserId::MAX), (no_shop, 1), (no_shop, 70)] {
        for changes in [
            nothing(),
            UserChanges { email: Some("taken@example.com".into()), ..nothing() },
            UserChanges { is_active: Some(false), ..nothing() },
            UserChanges { is_active: Some(true), full_name: Some(Some("new".into())), ..nothing() },
        ] {
            let outcome = attempt_update(storage, shop, user_id(id)?, change(changes, at(9))).await?;
            same("an update of an unknown user", &outcome, &UpdateUserOutcome::UserNotFound)?;
            expect_users(storage, "an update of an unknown user", &[one, two], &users).await?;
        }
    }
    let mut spellings = every_spelling();
    spellings.push("tAKEN@example.com");
    for address in spellings {
        for is_active in [None, Some(false), Some(true)] {
            let changes = UserChanges {
                email: Some(address.into()),
                full_name: Some(Some("refused".into())),
                is_active,
                ..nothing()
            };
            let outcome = attempt_update(storage, one, user_id(1)?, change(changes, at(9))).await?;
            same(&format!("an update to {address:?}"), &outcome, &UpdateUserOutcome::EmailTaken)?;
            expect_users(storage, "a refused update", &[one, two], &users).await?;
            let keys = list_keys(storage, one).await?;
            let revoked: Vec<_> = keys.iter().map(|key| key.revoked_at).collect();
            same("the user's keys after a refused deactivation", &revoked, &vec![None])?;
        }
    }
    // These addresses are free: the user's own, another shop's, similar ones, and those that an
    // update gave up.
    let mut free = vec!["AGENT@example.com", "two@example.com"];
    free.extend(ALIKE_ADDRESSES);
    for address in free {
        let changes = UserChanges { email: Some(address.into()), ..nothing() };
        let updated = update_user(storage, one, user_id(1)?, change(changes, at(9))).await?;
        same("the address of an update", &updated.email.as_str(), &address)?;
    }
    let taken = storage.create_user(one, user_by_email(ALIKE_ADDRESSES[ALIKE_ADDRESSES.len() - 1]), None);
    let is_taken = matches!(taken.await?, IdempotentOutcome::Ran(CreateUserOutcome::EmailTaken(_)));
    same("whether an address taken by an update is taken", &is_taken, &true)?;
    create_user(storage, one, user_by_email("agent@example.com")).await?;
    Ok(())
}

/// The part of USER-10 without concurrency: a deactivation revokes exactly the user's keys.
pub(crate) async fn deactivation_revokes_keys(storage: &dyn Storage) -> anyhow::Result<()> {
    let one = create_shop(storage, "one.keys.example.com").await?.id;
    let two = create_shop(storage, "two.keys.example.com").await?.id;
    let mut keys = Vec::new();
    for shop in [one, two] {
        for number in [1, 2] {
            let new =
                NewUser { id: Some(user_id(number)?), ..user_by_email(&format!("{number}@example.com")) };
            create_user(storage, shop, new).await?;
        }
        for (user, seed) in [(None, 0), (Some(1), 1), (Some(2), 2), (Some(1), 3), (Some(1), 4), (Some(2), 5)]
        {
            // Expired keys are revoked, too.
            let expires_at = (seed == 3).then_some(Timestamp::MIN);
            let user_id = user.map(user_id).transpose()?;
            let new = NewApiKey { user_id, expires_at, ..new_key(seed) };
            let mut key = create_key(storage, shop, new).await?;
            if seed == 4 {
                key = storage.revoke_key(shop, key.number, stamp(at(3))).await?.context("a key")?;
            }
            keys.push(key);
        }
    }
    let deactivate = UserChanges { is_active: Some(false), ..nothing() };
    let activate = UserChanges { is_active: Some(true), ..nothing() };
    // Other changes and activating an active user revoke no key.
    for changes in [nothing(), activate.clone(), UserChanges { full_name: Some(None), ..nothing() }] {
        update_user(storage, one, user_id(1)?, change(changes, at(10))).await?;
        expect_keys(storage, [one, two], &keys).await?;
    }
    for (shop, user, changes, changed_at) in [
        (one, 1, &deactivate, 20),
        (one, 1, &deactivate, 30),
        (one, 1, &activate, 40),
        (two, 2, &deactivate, 50),
        (one, 2, &deactivate, 5),
    ] {
        update_user(storage, shop, user_id(user)?, change(changes.clone(), at(changed_at))).await?;
        if changes.is_active == Some(false) {
            revoke(&mut keys, shop, user_id(user)?, at(changed_at));
        }
        expect_keys(storage, [one, two], &keys).await?;
    }
    // A rotated key and its replacement.
    let new = create_key(storage, one, NewApiKey { user_id: Some(user_id(1)?), ..new_key(8) }).await?;
    let rotated = rotate_key(storage, one, new.number, rotation(9, at(60), at(90))).await?;
    let hexdesk_domain::ports::RotateKeyOutcome::Rotated(added) = rotated else {
        anyhow::bail!("rotating a live key returned {rotated:?}");
    };
    keys.extend([ApiKey { expires_at: Some(at(90)), ..new }, added]);
    update_user(storage, one, user_id(1)?, change(deactivate, at(70))).await?;
    revoke(&mut keys, one, user_id(1)?, at(70));
    expect_keys(storage, [one, two], &keys).await
}

fn revoke(keys: &mut [ApiKey], shop: ShopId, user: UserId, revoked_at: Timestamp) {
    for key in keys.iter_mut().filter(|key| key.shop_id == shop && key.user_id == Some(user)) {
        key.revoked_at.get_or_insert(revoked_at);
    }
}

async fn expect_keys(storage: &dyn Storage, shops: [ShopId; 2], keys: &[ApiKey]) -> anyhow::Result<()> {
    for shop in shops {
        let mut expected: Vec<_> = keys.iter().filter(|key| key.shop_id == shop).cloned().collect();
        expected.sort_by_key(|key| key.number);
        same("the shop's keys", &list_keys(storage, shop).await?, &expected)?;
    }
    Ok(())
}

/// An update with these changes at this time.
pub(crate) fn change(changes: UserChanges, changed_at: Timestamp) -> UserUpdate {
    UserUpdate { changes, stamp: stamp(changed_at) }
}

/// Updates a user and returns the outcome.
pub(crate) async fn attempt_update(
    storage: &dyn Storage,
    shop: ShopId,
    id: UserId,
    update: UserUpdate,
) -> anyhow::Result<UpdateUserOutcome> {
    match storage.update_user(shop, id, update, None).await? {
        IdempotentOutcome::Ran(outcome) => Ok(outcome),
        other => anyhow::bail!("an update without a key returned {other:?}"),
    }
}

/// Updates a user. The user must exist and the update must be accepted.
pub(crate) async fn update_user(
    storage: &dyn Storage,
    shop: ShopId,
    id: UserId,
    update: UserUpdate,
) -> anyhow::Result<User> {
    match attempt_update(storage, shop, id, update).await? {
        UpdateUserOutcome::Updated(user) => Ok(user),
        other => anyhow::bail!("an update of a user returned {other:?}"),
    }
}

/// Activates or deactivates a user, who must exist.
pub(crate) async fn activate(
    storage: &dyn Storage,
    shop: ShopId,
    id: UserId,
    is_active: bool,
) -> anyhow::Result<User> {
    let changes = UserChanges { is_active: Some(is_active), ..nothing() };
    update_user(storage, shop, id, change(changes, at(8))).await
}

/// The user after an accepted update at this time.
fn changed(mut user: User, changes: UserChanges, time: Timestamp) -> User {
    changes.apply(&mut user, time);
    user
}
