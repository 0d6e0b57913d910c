//! The obligations of [`SessionStore`](hexdesk_domain::SessionStore).

use std::sync::Arc;

use anyhow::ensure;
use hexdesk_domain::{
    NewSession, Role, Session, SessionLife, ShopChange, Storage, StorageErrorKind, Timestamp, User,
};

use crate::cases::concurrency::race;
use crate::comparison::same;
use crate::credentials::cases::{
    by, invite, invite_with_password, new_link, password, set_active, shop_with_user,
};
use crate::samples::{at, create_user, secret_hash, stamp, user_by_email};

const HOUR: i64 = 60 * 60 * 1_000;

fn new_session(user: &User, seed: u8, time: i64) -> NewSession {
    NewSession {
        token_hash: secret_hash(seed),
        user_id: user.id,
        password: password("password"),
        created_at: at(time),
    }
}

/// Begins a session, which must be accepted.
async fn sign_in(storage: &dyn Storage, user: &User, seed: u8, time: i64) -> anyhow::Result<()> {
    let created = storage.create_session(user.shop_id, new_session(user, seed, time)).await?;
    same("whether a session was created", &created, &true)
}

async fn find(
    storage: &dyn Storage,
    user: &User,
    seed: u8,
    now: Timestamp,
) -> anyhow::Result<Option<Session>> {
    Ok(storage.find_session(user.shop_id, secret_hash(seed), now).await?)
}

/// The numbers of the hashes whose sessions are found.
async fn found(storage: &dyn Storage, user: &User, now: i64) -> anyhow::Result<Vec<u8>> {
    let mut found = Vec::new();
    for seed in 0..40 {
        if find(storage, user, seed, at(now)).await?.is_some() {
            found.push(seed);
        }
    }
    Ok(found)
}

/// SESSION-1: a session is found as created.
pub async fn session_1_is_found_as_created(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (shop, user) = shop_with_user(&*storage, "one.example.com").await?;
    invite_with_password(&*storage, &user, Role::Agent, "password").await?;
    sign_in(&*storage, &user, 1, 10).await?;
    sign_in(&*storage, &user, 2, 20).await?;
    let expected = |role, time| {
        let life = SessionLife::beginning(at(time));
        Some(Session { shop: shop.clone(), user: user.clone(), role, life })
    };
    same("a session", &find(&*storage, &user, 1, at(30)).await?, &expected(Role::Agent, 10))?;
    same(
        "a session at its beginning",
        &find(&*storage, &user, 2, at(20)).await?,
        &expected(Role::Agent, 20),
    )?;
    same("an unknown session", &find(&*storage, &user, 3, at(30)).await?, &None)?;
    storage.set_role(shop.id, user.id, Role::Admin, stamp(at(25))).await?;
    same(
        "a session after another role",
        &find(&*storage, &user, 1, at(30)).await?,
        &expected(Role::Admin, 10),
    )?;
    let taken = storage.create_session(shop.id, new_session(&user, 1, 30)).await;
    let kind = taken.map_err(|error| error.kind);
    same("a session with a hash that is taken", &kind, &Err(StorageErrorKind::Unexpected))
}

/// SESSION-2: a session ends when idle, and after some days.
pub async fn session_2_ends_with_time(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (shop, user) = shop_with_user(&*storage, "one.example.com").await?;
    invite_with_password(&*storage, &user, Role::Agent, "password").await?;
    sign_in(&*storage, &user, 1, 10).await?;
    let is_found = async |now| anyhow::Ok(find(&*storage, &user, 1, at(now)).await?.is_some());
    ensure!(is_found(10 + 12 * HOUR - 1).await?, "a session ends too early");
    ensure!(!is_found(10 + 12 * HOUR).await?, "an idle session does not end");
    for hours in (10..170).step_by(10) {
        storage.note_session_use(shop.id, secret_hash(1), at(hours * HOUR)).await?;
    }
    ensure!(is_found(10 + 168 * HOUR - 1).await?, "a used session ends too early");
    ensure!(!is_found(10 + 168 * HOUR).await?, "an old session does not end");
    Ok(())
}

/// SESSION-3: a use moves the last use forward.
pub async fn session_3_use_moves_forward(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (shop, user) = shop_with_user(&*storage, "one.example.com").await?;
    let (other, _) = shop_with_user(&*storage, "two.example.com").await?;
    invite_with_password(&*storage, &user, Role::Agent, "password").await?;
    sign_in(&*storage, &user, 1, 10).await?;
    sign_in(&*storage, &user, 2, 10).await?;
    let last_use = async |seed, now| {
        let found = find(&*storage, &user, seed, at(now)).await?;
        anyhow::Ok(found.map(|session| (session.life.created_at, session.life.last_used_at)))
    };
    for (of_shop, seed, time, expected) in [
        (shop.id, 1, HOUR, HOUR),
        (shop.id, 1, 30, HOUR),
        (shop.id, 3, 2 * HOUR, HOUR),
        (other.id, 1, 2 * HOUR, HOUR),
        (shop.id, 1, 12 * HOUR, 12 * HOUR),
    ] {
        storage.note_session_use(of_shop, secret_hash(seed), at(time)).await?;
        same("the last use", &last_use(1, 12 * HOUR).await?, &Some((at(10), at(expected))))?;
    }
    same("the last use of the other session", &last_use(2, HOUR).await?, &Some((at(10), at(10))))?;
    // The other session has ended: a use does not revive it.
    storage.note_session_use(shop.id, secret_hash(2), at(13 * HOUR)).await?;
    same("a session that has ended", &last_use(2, 13 * HOUR).await?, &None)?;
    same("an earlier look at it", &last_use(2, HOUR).await?, &Some((at(10), at(10))))
}

/// SESSION-4: signing out ends one session.
pub async fn session_4_ends_alone(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (shop, user) = shop_with_user(&*storage, "one.example.com").await?;
    invite_with_password(&*storage, &user, Role::Agent, "password").await?;
    for seed in 1..=3 {
        sign_in(&*storage, &user, seed, 10).await?;
    }
    for seed in [2, 2, 9] {
        storage.end_session(shop.id, secret_hash(seed)).await?;
        same("the sessions that are left", &found(&*storage, &user, 20).await?, &vec![1, 3])?;
    }
    Ok(())
}

/// SESSION-5: a session needs an active user, the password and an open shop.
pub async fn session_5_wrong_password_is_refused(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (shop, user) = shop_with_user(&*storage, "one.example.com").await?;
    let (other, _) = shop_with_user(&*storage, "two.example.com").await?;
    let refused = async |of_shop, session: NewSession| {
        let seed = session.token_hash;
        same("whether a session was created", &storage.create_session(of_shop, session).await?, &false)?;
        same("a refused session", &storage.find_session(of_shop, seed, at(10)).await?, &None)
    };
    refused(shop.id, new_session(&user, 1, 10)).await?;
    invite(&*storage, &user, Some(Role::Agent), 1).await?;
    refused(shop.id, new_session(&user, 1, 10)).await?;
    invite_with_password(&*storage, &user, Role::Agent, "password").await?;
    refused(shop.id, NewSession { password: password("Password"), ..new_session(&user, 1, 10) }).await?;
    refused(other.id, new_session(&user, 1, 10)).await?;
    set_active(&*storage, &user, false).await?;
    refused(shop.id, new_session(&user, 1, 10)).await?;
    set_active(&*storage, &user, true).await?;
    sign_in(&*storage, &user, 1, 10).await?;
    storage.change_shop(&shop.domain, ShopChange::Close, stamp(at(20))).await?;
    refused(shop.id, new_session(&user, 2, 30)).await
}

/// SESSION-6: a deactivation, a new password and a closing end the sessions.
pub async fn session_6_deactivation_ends_sessions(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (shop, user) = shop_with_user(&*storage, "one.example.com").await?;
    let colleague = create_user(&*storage, shop.id, user_by_email("colleague@example.com")).await?;
    for user in [&user, &colleague] {
        invite_with_password(&*storage, user, Role::Agent, "password").await?;
    }
    sign_in(&*storage, &user, 1, 10).await?;
    sign_in(&*storage, &colleague, 2, 10).await?;
    set_active(&*storage, &user, false).await?;
    same("the sessions after a deactivation", &found(&*storage, &user, 20).await?, &vec![2])?;
    set_active(&*storage, &user, true).await?;
    same("the sessions after an activation", &found(&*storage, &user, 20).await?, &vec![2])?;
    sign_in(&*storage, &user, 3, 20).await?;
    sign_in(&*storage, &user, 4, 20).await?;
    invite(&*storage, &user, None, 1).await?;
    same("the sessions after a new link", &found(&*storage, &user, 20).await?, &vec![2, 3, 4])?;
    storage.set_password(shop.id, secret_hash(1), password("password"), by(&user, 30)).await?;
    same("the sessions after a new password", &found(&*storage, &user, 30).await?, &vec![2])?;
    storage.change_shop(&shop.domain, ShopChange::Close, stamp(at(40))).await?;
    same("the sessions of a closed shop", &found(&*storage, &user, 40).await?, &Vec::new())?;
    storage.change_shop(&shop.domain, ShopChange::Reopen, stamp(at(41))).await?;
    same("the sessions of a reopened shop", &found(&*storage, &user, 41).await?, &Vec::new())
}

/// SESSION-7: a session belongs to its shop.
pub async fn session_7_shops_are_apart(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (one, user) = shop_with_user(&*storage, "one.example.com").await?;
    let (two, twin) = shop_with_user(&*storage, "two.example.com").await?;
    for user in [&user, &twin] {
        invite_with_password(&*storage, user, Role::Agent, "password").await?;
    }
    sign_in(&*storage, &user, 1, 10).await?;
    same("a session of another shop", &find(&*storage, &twin, 1, at(10)).await?, &None)?;
    storage.end_session(two.id, secret_hash(1)).await?;
    sign_in(&*storage, &twin, 1, 20).await?;
    let shops =
        async |user: &User| anyhow::Ok(find(&*storage, user, 1, at(20)).await?.map(|found| found.shop.id));
    same("the shop of a session", &shops(&user).await?, &Some(one.id))?;
    same("the shop of the other session", &shops(&twin).await?, &Some(two.id))?;
    for seed in 2..2 + 10 {
        sign_in(&*storage, &twin, seed, 30).await?;
    }
    set_active(&*storage, &twin, false).await?;
    storage.change_shop(&two.domain, ShopChange::Close, stamp(at(40))).await?;
    same("the shop of a session", &shops(&user).await?, &Some(one.id))
}

/// SESSION-8: a user has a bounded number of sessions.
pub async fn session_8_user_has_a_maximum(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (shop, user) = shop_with_user(&*storage, "one.example.com").await?;
    let colleague = create_user(&*storage, shop.id, user_by_email("colleague@example.com")).await?;
    for user in [&user, &colleague] {
        invite_with_password(&*storage, user, Role::Agent, "password").await?;
    }
    sign_in(&*storage, &colleague, 35, 0).await?;
    let most = u8::try_from(Session::MAX_OF_USER)?;
    // The later ones have smaller hashes, and the oldest is the one used last.
    for seed in 1..=most {
        sign_in(&*storage, &user, most + 1 - seed, i64::from(seed)).await?;
    }
    storage.note_session_use(shop.id, secret_hash(most), at(50)).await?;
    sign_in(&*storage, &user, 20, 60).await?;
    let mut expected: Vec<u8> = (1..most).chain([20, 35]).collect();
    same("the sessions of a user with one too many", &found(&*storage, &user, 60).await?, &expected)?;
    sign_in(&*storage, &user, 21, 61).await?;
    expected = (1..most - 1).chain([20, 21, 35]).collect();
    same("the sessions after another one", &found(&*storage, &user, 61).await?, &expected)?;
    // All but one have ended, and make room.
    storage.note_session_use(shop.id, secret_hash(1), at(6 * HOUR)).await?;
    for seed in 22..22 + most - 1 {
        sign_in(&*storage, &user, seed, 13 * HOUR).await?;
    }
    expected = [1].into_iter().chain(22..22 + most - 1).collect();
    same("the sessions after others have ended", &found(&*storage, &user, 13 * HOUR).await?, &expected)?;
    // The ended sessions are removed. The colleague's session stays.
    same("what is found at an earlier time", &found(&*storage, &user, 61).await?.contains(&20), &false)?;
    ensure!(found(&*storage, &user, 61).await?.contains(&35), "a colleague's session was removed");
    Ok(())
}

/// SESSION-9: a racing deactivation, password or closing leaves no session of before, and a use brings
/// none back.
pub async fn session_9_racing_deactivation_leaves_no_session(
    storage: Arc<dyn Storage>,
) -> anyhow::Result<()> {
    for round in 0..6 {
        let (shop, user) = shop_with_user(&*storage, &format!("round-{round}.example.com")).await?;
        invite_with_password(&*storage, &user, Role::Agent, "password").await?;
        let link = new_link(user.id, None, 99);
        storage.create_link(shop.id, link).await?;
        sign_in(&*storage, &user, 39, 3).await?;
        race(12, |racer| {
            let (storage, user, domain) = (Arc::clone(&storage), user.clone(), shop.domain.clone());
            async move {
                match (racer, round % 3) {
                    (5, 0) => set_active(&*storage, &user, false).await.map(|_| ()),
                    (5, 1) => {
                        let (hash, new) = (link.link.token_hash, password("other"));
                        let set = storage.set_password(user.shop_id, hash, new, by(&user, 5)).await?;
                        same("the user of a link", &set, &Some(user))
                    }
                    (5, _) => {
                        Ok(storage.change_shop(&domain, ShopChange::Close, stamp(at(5))).await.map(|_| ())?)
                    }
                    (0..5, _) => {
                        let shop = user.shop_id;
                        Ok(storage.note_session_use(shop, secret_hash(39), at(5)).await?)
                    }
                    _ => {
                        let session = new_session(&user, u8::try_from(racer)?, 4);
                        storage.create_session(user.shop_id, session).await?;
                        Ok(())
                    }
                }
            }
        })
        .await?;
        same("the sessions from before", &found(&*storage, &user, 6).await?, &Vec::new())?;
    }
    let (shop, user) = shop_with_user(&*storage, "many.example.com").await?;
    invite_with_password(&*storage, &user, Role::Agent, "password").await?;
    for round in 0..3 {
        sign_in(&*storage, &user, 39, round).await?;
        race(12, |racer| {
            let storage = Arc::clone(&storage);
            async move {
                match racer {
                    5 => storage.end_session(shop.id, secret_hash(39)).await,
                    _ => storage.note_session_use(shop.id, secret_hash(39), at(5)).await,
                }
                .map_err(Into::into)
            }
        })
        .await?;
        same("the sessions after signing out", &found(&*storage, &user, 6).await?, &Vec::new())?;
    }
    race(20, |racer| {
        let (storage, user) = (Arc::clone(&storage), user.clone());
        async move { sign_in(&*storage, &user, u8::try_from(racer)?, i64::try_from(racer)?).await }
    })
    .await?;
    same("the number of sessions", &found(&*storage, &user, 30).await?.len(), &Session::MAX_OF_USER)
}
