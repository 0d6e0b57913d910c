//! The obligations of [`CredentialStore`](hexdesk_domain::CredentialStore).

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::ports::CredentialOutcome;
use hexdesk_domain::{
    Actor, AuditStamp, Credential, EventKind, Link, LinkHolder, NewLink, NewSession, PageSize, PasswordHash,
    Role, Shop, ShopChange, ShopId, Snapshot, Storage, Timestamp, User, UserChanges, UserId,
};

use crate::cases::concurrency::race;
use crate::cases::user_changes::{change, update_user};
use crate::comparison::same;
use crate::events::settled_log::log_after;
use crate::samples::{
    SAME_ADDRESSES, at, create_shop, create_user, secret_hash, stamp, text_of, user_by_email, user_id,
};

/// When the links of the cases end.
pub(crate) const END: i64 = 1_000;

/// A shop with a user.
pub(crate) async fn shop_with_user(storage: &dyn Storage, name: &str) -> anyhow::Result<(Shop, User)> {
    let shop = create_shop(storage, name).await?;
    let user = create_user(storage, shop.id, user_by_email("agent@example.com")).await?;
    Ok((shop, user))
}

/// A link whose hash depends on `seed`.
pub(crate) fn new_link(user_id: UserId, role: Option<Role>, seed: u8) -> NewLink {
    let link = Link { token_hash: secret_hash(seed), ends_at: at(END) };
    NewLink { user_id, role, link, stamp: stamp(at(1)) }
}

/// A hash of a password, which a store must not look into.
pub(crate) fn password(text: &str) -> PasswordHash {
    PasswordHash::new(text.to_owned())
}

/// Gives the user a link, which must be accepted.
pub(crate) async fn invite(
    storage: &dyn Storage,
    user: &User,
    role: Option<Role>,
    seed: u8,
) -> anyhow::Result<()> {
    let outcome = storage.create_link(user.shop_id, new_link(user.id, role, seed)).await?;
    same("a new link", &outcome, &CredentialOutcome::Done(user.clone()))
}

/// Invites the user and sets this password.
pub(crate) async fn invite_with_password(
    storage: &dyn Storage,
    user: &User,
    role: Role,
    text: &str,
) -> anyhow::Result<()> {
    invite(storage, user, Some(role), 250).await?;
    let set = storage.set_password(user.shop_id, secret_hash(250), password(text), by(user, 2)).await?;
    same("the user of a link", &set, &Some(user.clone()))
}

/// The user as actor.
pub(crate) fn by(user: &User, time: i64) -> AuditStamp {
    AuditStamp { actor: Actor::User { id: user.id }, ..stamp(at(time)) }
}

pub(crate) async fn set_active(storage: &dyn Storage, user: &User, is_active: bool) -> anyhow::Result<User> {
    let changes = UserChanges { is_active: Some(is_active), ..UserChanges::default() };
    update_user(storage, user.shop_id, user.id, change(changes, at(5))).await
}

async fn find_link(
    storage: &dyn Storage,
    shop: ShopId,
    seed: u8,
    now: Timestamp,
) -> anyhow::Result<Option<LinkHolder>> {
    Ok(storage.find_link(shop, secret_hash(seed), now).await?)
}

async fn credential(storage: &dyn Storage, user: &User) -> anyhow::Result<Option<Credential>> {
    let found = storage.find_credential(user.shop_id, user.email.clone()).await?;
    let Some((found, credential)) = found else { return Ok(None) };
    let expected = storage.find_user(user.shop_id, user.id).await?.context("the user is not found")?;
    same("the user of a credential", &found, &expected)?;
    Ok(Some(credential))
}

/// CREDENTIAL-1: a link works until its end.
pub async fn credential_1_link_works_until_its_end(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (shop, user) = shop_with_user(&*storage, "one.example.com").await?;
    for (seed, role) in [(1, Role::Agent), (2, Role::Admin)] {
        invite(&*storage, &user, Some(role), seed).await?;
        let holder = LinkHolder { shop: shop.clone(), user: user.clone(), role };
        for (now, expected) in
            [(1, Some(holder.clone())), (END - 1, Some(holder)), (END, None), (END + 1, None)]
        {
            same("the holder of a link", &find_link(&*storage, shop.id, seed, at(now)).await?, &expected)?;
        }
        same("an unknown link", &find_link(&*storage, shop.id, 9, at(1)).await?, &None)?;
    }
    Ok(())
}

/// CREDENTIAL-2: a new link replaces the former one.
pub async fn credential_2_new_link_replaces_the_former(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (shop, user) = shop_with_user(&*storage, "one.example.com").await?;
    let colleague = create_user(&*storage, shop.id, user_by_email("colleague@example.com")).await?;
    invite(&*storage, &colleague, Some(Role::Admin), 1).await?;
    invite(&*storage, &user, Some(Role::Agent), 2).await?;
    invite(&*storage, &user, None, 3).await?;
    let works =
        async |seed| anyhow::Ok(find_link(&*storage, shop.id, seed, at(1)).await?.map(|found| found.user.id));
    same("a colleague's link", &works(1).await?, &Some(colleague.id))?;
    same("the former link", &works(2).await?, &None)?;
    same("the new link", &works(3).await?, &Some(user.id))?;
    // The same link again.
    invite(&*storage, &user, None, 3).await?;
    same("the new link, given again", &works(3).await?, &Some(user.id))
}

/// CREDENTIAL-3: a link or a role needs an active user, and a role.
pub async fn credential_3_missing_user_or_role_is_refused(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (shop, user) = shop_with_user(&*storage, "one.example.com").await?;
    let (other, _) = shop_with_user(&*storage, "two.example.com").await?;
    let unknown = user_id(UserId::MAX)?;
    let refused = CredentialOutcome::UserNotFound;
    let link =
        async |shop: ShopId, id, role| anyhow::Ok(storage.create_link(shop, new_link(id, role, 1)).await?);
    let role =
        async |shop: ShopId, id| anyhow::Ok(storage.set_role(shop, id, Role::Admin, stamp(at(1))).await?);
    same("a link without a role", &link(shop.id, user.id, None).await?, &CredentialOutcome::NotInvited)?;
    same("a role of nobody invited", &role(shop.id, user.id).await?, &CredentialOutcome::NotInvited)?;
    same("a link of an unknown user", &link(shop.id, unknown, Some(Role::Agent)).await?, &refused)?;
    same("a role of an unknown user", &role(shop.id, unknown).await?, &refused)?;
    same("the credential after refusals", &credential(&*storage, &user).await?, &None)?;

    invite(&*storage, &user, Some(Role::Agent), 2).await?;
    let before = credential(&*storage, &set_active(&*storage, &user, false).await?).await?;
    same("a link of a deactivated user", &link(shop.id, user.id, Some(Role::Admin)).await?, &refused)?;
    same("a role of a deactivated user", &role(shop.id, user.id).await?, &refused)?;
    same("the credential after deactivation", &credential(&*storage, &user).await?, &before)?;
    storage.change_shop(&other.domain, ShopChange::Close, stamp(at(6))).await?;
    let of_other = create_user(&*storage, other.id, user_by_email("late@example.com")).await?.id;
    same("a link in a closed shop", &link(other.id, of_other, Some(Role::Agent)).await?, &refused)?;
    same("a role in a closed shop", &role(other.id, of_other).await?, &refused)?;
    same("the link that was refused", &find_link(&*storage, shop.id, 1, at(1)).await?, &None)
}

/// CREDENTIAL-4: a link gives a role, and keeps the password.
pub async fn credential_4_link_gives_a_role(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (_, user) = shop_with_user(&*storage, "one.example.com").await?;
    invite_with_password(&*storage, &user, Role::Agent, "old").await?;
    let expected = |role, seed| Credential {
        user_id: user.id,
        role,
        password: Some(password("old")),
        link: Some(new_link(user.id, None, seed).link),
        signed_in_at: None,
    };
    invite(&*storage, &user, Some(Role::Admin), 1).await?;
    same(
        "a credential with a new role",
        &credential(&*storage, &user).await?,
        &Some(expected(Role::Admin, 1)),
    )?;
    invite(&*storage, &user, None, 2).await?;
    same(
        "a credential with a kept role",
        &credential(&*storage, &user).await?,
        &Some(expected(Role::Admin, 2)),
    )?;
    storage.set_role(user.shop_id, user.id, Role::Agent, stamp(at(3))).await?;
    same(
        "a credential with a set role",
        &credential(&*storage, &user).await?,
        &Some(expected(Role::Agent, 2)),
    )
}

/// CREDENTIAL-5: a password is set once with a link.
pub async fn credential_5_link_sets_a_password(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (shop, user) = shop_with_user(&*storage, "one.example.com").await?;
    let colleague = create_user(&*storage, shop.id, user_by_email("colleague@example.com")).await?;
    invite(&*storage, &colleague, Some(Role::Agent), 9).await?;
    for (seed, text) in [(1, text_of(100)), (2, "other".to_owned())] {
        invite(&*storage, &user, (seed == 1).then_some(Role::Admin), seed).await?;
        let set = storage.set_password(shop.id, secret_hash(seed), password(&text), by(&user, 4)).await?;
        same("the user of a link", &set, &Some(user.clone()))?;
        let expected = Credential {
            user_id: user.id,
            role: Role::Admin,
            password: Some(password(&text)),
            link: None,
            signed_in_at: None,
        };
        same("the credential", &credential(&*storage, &user).await?, &Some(expected.clone()))?;
        same("a used link", &find_link(&*storage, shop.id, seed, at(5)).await?, &None)?;
        let again = storage.set_password(shop.id, secret_hash(seed), password("again"), by(&user, 5)).await?;
        same("a link that is used again", &again, &None)?;
        same("the credential", &credential(&*storage, &user).await?, &Some(expected))?;
    }
    let theirs = credential(&*storage, &colleague).await?.context("a colleague's credential")?;
    same("a colleague's password", &theirs.password, &None)
}

/// CREDENTIAL-6: a link that does not work sets nothing.
pub async fn credential_6_ended_link_sets_nothing(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (shop, user) = shop_with_user(&*storage, "one.example.com").await?;
    let (other, _) = shop_with_user(&*storage, "two.example.com").await?;
    invite_with_password(&*storage, &user, Role::Agent, "old").await?;
    invite(&*storage, &user, None, 1).await?;
    invite(&*storage, &user, None, 2).await?;
    let before = credential(&*storage, &user).await?;
    for (shop, seed, time) in [(shop.id, 1, 5), (shop.id, 3, 5), (other.id, 2, 5), (shop.id, 2, END)] {
        let set = storage.set_password(shop, secret_hash(seed), password("new"), by(&user, time)).await?;
        same("a password by a link that does not work", &set, &None)?;
        same("the credential", &credential(&*storage, &user).await?, &before)?;
    }
    let set = storage.set_password(shop.id, secret_hash(2), password("new"), by(&user, END - 1)).await?;
    same("a password in the last moment", &set.is_some(), &true)
}

/// CREDENTIAL-7: a credential is found by the e-mail address.
pub async fn credential_7_is_found_by_address(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let shop = create_shop(&*storage, "one.example.com").await?.id;
    let other = create_shop(&*storage, "two.example.com").await?.id;
    for (number, spellings) in (1..).zip(SAME_ADDRESSES.iter()) {
        let (Some(address), Some(written)) = (spellings.first(), spellings.last().cloned()) else { continue };
        let user = create_user(&*storage, shop, user_by_email(address)).await?;
        let none = storage.find_credential(shop, written.clone()).await?;
        same("the credential of nobody invited", &none, &None)?;
        invite(&*storage, &user, Some(Role::Agent), number).await?;
        let found = storage.find_credential(shop, written.clone()).await?;
        let found = found.with_context(|| format!("{written} has no credential"))?;
        same("the user of a credential", &found.0, &user)?;
        same("the link of a credential", &found.1.link, &Some(new_link(user.id, None, number).link))?;
        same(
            "the credential of another shop",
            &storage.find_credential(other, written.clone()).await?,
            &None,
        )?;
        let inactive = set_active(&*storage, &user, false).await?;
        let found = storage.find_credential(shop, written).await?.map(|found| found.0);
        same("a deactivated user with a credential", &found, &Some(inactive))?;
    }
    same("the credential of nobody", &storage.find_credential(shop, "x@example.com".into()).await?, &None)
}

/// CREDENTIAL-8: a deactivation and a closing remove links.
pub async fn credential_8_deactivation_removes_links(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (shop, user) = shop_with_user(&*storage, "one.example.com").await?;
    let (other, colleague) = shop_with_user(&*storage, "two.example.com").await?;
    for user in [&user, &colleague] {
        invite(&*storage, user, Some(Role::Agent), 1).await?;
    }
    set_active(&*storage, &user, false).await?;
    same("the link of a deactivated user", &find_link(&*storage, shop.id, 1, at(6)).await?, &None)?;
    let set = storage.set_password(shop.id, secret_hash(1), password("new"), by(&user, 6)).await?;
    same("a password of a deactivated user", &set, &None)?;
    let user = set_active(&*storage, &user, true).await?;
    same("the link of a user who is active again", &find_link(&*storage, shop.id, 1, at(6)).await?, &None)?;
    let kept = credential(&*storage, &user).await?.context("the credential")?;
    same("the link", &kept.link, &None)?;
    ensure!(find_link(&*storage, other.id, 1, at(6)).await?.is_some(), "a link of another shop is gone");
    storage.change_shop(&other.domain, ShopChange::Close, stamp(at(7))).await?;
    same("a link of a closed shop", &find_link(&*storage, other.id, 1, at(8)).await?, &None)?;
    let set = storage.set_password(other.id, secret_hash(1), password("new"), by(&colleague, 8)).await?;
    same("a password in a closed shop", &set, &None)?;
    let kept = credential(&*storage, &colleague).await?.context("the credential")?;
    same("the link", &kept.link, &None)?;
    storage.change_shop(&other.domain, ShopChange::Reopen, stamp(at(9))).await?;
    same("a link of a reopened shop", &find_link(&*storage, other.id, 1, at(9)).await?, &None)
}

/// CREDENTIAL-9: links, passwords and roles are logged.
pub async fn credential_9_changes_are_logged(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (shop, user) = shop_with_user(&*storage, "one.example.com").await?;
    let before = log_after(&*storage, shop.id, None, PageSize::MAX).await?.len();
    let unknown = user_id(UserId::MAX)?;
    storage.create_link(shop.id, new_link(unknown, Some(Role::Agent), 5)).await?;
    storage.create_link(shop.id, new_link(user.id, None, 5)).await?;
    storage.set_role(shop.id, user.id, Role::Agent, stamp(at(1))).await?;
    invite(&*storage, &user, Some(Role::Agent), 1).await?;
    storage.set_password(shop.id, secret_hash(5), password("new"), by(&user, 2)).await?;
    storage.set_password(shop.id, secret_hash(1), password("new"), by(&user, 2)).await?;
    storage.set_password(shop.id, secret_hash(1), password("new"), by(&user, 2)).await?;
    storage.set_role(shop.id, user.id, Role::Agent, stamp(at(3))).await?;
    storage.set_role(shop.id, user.id, Role::Admin, by(&user, 4)).await?;
    let log = log_after(&*storage, shop.id, None, PageSize::MAX).await?;
    let found: Vec<_> =
        log.iter().skip(before).map(|event| (event.kind, event.stamp, event.snapshot.clone())).collect();
    let snapshot = Some(Snapshot::from(user.clone()));
    let expected = [
        (EventKind::UserInvited, stamp(at(1)), snapshot.clone()),
        (EventKind::UserPasswordSet, by(&user, 2), snapshot.clone()),
        (EventKind::UserRoleChanged, by(&user, 4), snapshot),
    ];
    same("the log", &found, &expected.to_vec())
}

/// CREDENTIAL-10: of racing uses of a link, one takes effect. A deactivation and a closing leave no link.
/// Other changes of a credential keep what the others changed.
pub async fn credential_10_link_works_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    for round in 0..5 {
        let (shop, user) = shop_with_user(&*storage, &format!("round-{round}.example.com")).await?;
        invite(&*storage, &user, Some(Role::Agent), 1).await?;
        let set = race(10, |racer| {
            let (storage, user) = (Arc::clone(&storage), user.clone());
            async move {
                let new = password(&racer.to_string());
                let set = storage.set_password(user.shop_id, secret_hash(1), new, by(&user, 2)).await?;
                Ok(set.map(|_| racer.to_string()))
            }
        })
        .await?;
        let set: Vec<String> = set.into_iter().flatten().collect();
        same("the number of uses", &set.len(), &1)?;
        let kept = credential(&*storage, &user).await?.context("the credential")?;
        same("the password", &kept.password, &set.first().map(|text| password(text)))?;
        race(10, |racer| {
            let (storage, user, domain) = (Arc::clone(&storage), user.clone(), shop.domain.clone());
            async move {
                if racer == 5 && round % 2 == 0 {
                    set_active(&*storage, &user, false).await?;
                } else if racer == 5 {
                    let closed = storage.change_shop(&domain, ShopChange::Close, stamp(at(5))).await?;
                    ensure!(closed.is_some(), "the shop is not found");
                } else {
                    storage.create_link(user.shop_id, new_link(user.id, None, u8::try_from(racer)?)).await?;
                }
                Ok(())
            }
        })
        .await?;
        set_active(&*storage, &user, true).await?;
        storage.change_shop(&shop.domain, ShopChange::Reopen, stamp(at(6))).await?;
        for seed in 0..10 {
            let found = find_link(&*storage, shop.id, seed, at(6)).await?;
            same("a link from before a deactivation or a closing", &found, &None)?;
        }
        let kept = credential(&*storage, &user).await?.context("the credential")?;
        same("the link after a deactivation or a closing", &kept.link, &None)?;
    }
    changes_keep_each_other(&storage).await
}

/// A role, a password and a sign-in that race all take effect.
async fn changes_keep_each_other(storage: &Arc<dyn Storage>) -> anyhow::Result<()> {
    for round in 0..5 {
        let (shop, user) = shop_with_user(&**storage, &format!("kept-{round}.example.com")).await?;
        invite_with_password(&**storage, &user, Role::Agent, "old").await?;
        invite(&**storage, &user, None, 1).await?;
        let signed_in = race(10, |racer| {
            let (storage, user) = (Arc::clone(storage), user.clone());
            async move {
                let (shop, time) = (user.shop_id, 10 + i64::try_from(racer)?);
                match racer {
                    4 => {
                        let set = storage.set_role(shop, user.id, Role::Admin, stamp(at(5))).await?;
                        same("a role", &set, &CredentialOutcome::Done(user)).map(|()| None)
                    }
                    5 => {
                        let set = storage.set_password(shop, secret_hash(1), password("new"), by(&user, 5));
                        same("a password", &set.await?, &Some(user)).map(|()| None)
                    }
                    _ => {
                        let new = NewSession {
                            token_hash: secret_hash(u8::try_from(racer)?),
                            user_id: user.id,
                            password: password("old"),
                            created_at: at(time),
                        };
                        Ok(storage.create_session(shop, new).await?.then_some(at(time)))
                    }
                }
            }
        })
        .await?;
        let expected = Credential {
            user_id: user.id,
            role: Role::Admin,
            password: Some(password("new")),
            link: None,
            signed_in_at: signed_in.into_iter().flatten().max(),
        };
        same("a credential after racing changes", &credential(&**storage, &user).await?, &Some(expected))?;
        let kinds = log_after(&**storage, shop.id, None, PageSize::MAX).await?;
        let roles = kinds.iter().filter(|event| event.kind == EventKind::UserRoleChanged).count();
        same("the number of events of a role", &roles, &1)?;
    }
    Ok(())
}

/// CREDENTIAL-11: the credentials of several users are found together.
pub async fn credential_11_several_are_found(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (shop, first) = shop_with_user(&*storage, "one.example.com").await?;
    let (other, theirs) = shop_with_user(&*storage, "two.example.com").await?;
    let uninvited = create_user(&*storage, shop.id, user_by_email("uninvited@example.com")).await?;
    let second = create_user(&*storage, shop.id, user_by_email("second@example.com")).await?;
    for (seed, user, role) in [(1, &first, Role::Agent), (2, &second, Role::Admin), (3, &theirs, Role::Admin)]
    {
        invite(&*storage, user, Some(role), seed).await?;
    }
    set_active(&*storage, &second, false).await?;
    let found = async |shop: ShopId, users: &[UserId]| {
        let mut found = storage.find_credentials(shop, users.to_vec()).await?;
        found.sort_by_key(|credential| credential.user_id);
        anyhow::Ok(found)
    };
    let [of_first, of_second, of_theirs] = [&first, &second, &theirs];
    let own = [credential(&*storage, of_first).await?, credential(&*storage, of_second).await?];
    let own: Vec<Credential> = own.into_iter().flatten().collect();
    let everybody = [second.id, uninvited.id, first.id, user_id(UserId::MAX)?, second.id];
    same("the credentials of a shop", &found(shop.id, &everybody).await?, &own)?;
    same("no credentials", &found(shop.id, &[]).await?, &Vec::new())?;
    same(
        "the credentials of one",
        &found(shop.id, &[second.id]).await?,
        &own.iter().skip(1).cloned().collect(),
    )?;
    let of_other: Vec<Credential> = credential(&*storage, of_theirs).await?.into_iter().collect();
    same("the credentials of another shop", &found(other.id, &[theirs.id, second.id]).await?, &of_other)
}

/// CREDENTIAL-12: the credential says when its user last signed in.
pub async fn credential_12_sign_ins_are_noted(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let (shop, user) = shop_with_user(&*storage, "one.example.com").await?;
    let colleague = create_user(&*storage, shop.id, user_by_email("colleague@example.com")).await?;
    invite_with_password(&*storage, &user, Role::Agent, "secret").await?;
    invite_with_password(&*storage, &colleague, Role::Agent, "secret").await?;
    let signed_in_at = async |user| {
        let found = credential(&*storage, user).await?.context("the credential")?;
        anyhow::Ok(found.signed_in_at)
    };
    let sign_in = async |seed, text, time| {
        let token_hash = secret_hash(seed);
        let new = NewSession { token_hash, user_id: user.id, password: password(text), created_at: at(time) };
        anyhow::Ok(storage.create_session(shop.id, new).await?)
    };
    same("a user who never signed in", &signed_in_at(&user).await?, &None)?;
    for (seed, text, time, noted) in [
        (1, "secret", 20, Some(20)),
        (2, "wrong", 40, Some(20)),
        (3, "secret", 30, Some(30)),
        (4, "secret", 25, Some(30)),
    ] {
        same("whether the user signed in", &sign_in(seed, text, time).await?, &(text == "secret"))?;
        same("when the user last signed in", &signed_in_at(&user).await?, &noted.map(at))?;
    }
    storage.end_session(shop.id, secret_hash(3)).await?;
    invite(&*storage, &user, Some(Role::Admin), 5).await?;
    storage.set_role(shop.id, user.id, Role::Agent, stamp(at(50))).await?;
    storage.set_password(shop.id, secret_hash(5), password("new"), by(&user, 60)).await?;
    set_active(&*storage, &user, false).await?;
    same("when the user last signed in", &signed_in_at(&user).await?, &Some(at(30)))?;
    same("a colleague who never signed in", &signed_in_at(&colleague).await?, &None)
}
