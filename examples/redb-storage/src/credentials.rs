use std::collections::BTreeSet;

use anyhow::Context;
use async_trait::async_trait;
use hexdesk_domain::ports::CredentialOutcome;
use hexdesk_domain::{
    AuditStamp, Credential, CredentialStore, LinkHolder, NewEvent, NewLink, PasswordHash, Role, SecretHash,
    ShopId, StorageError, Timestamp, User, UserId,
};
use redb::{ReadableTable, WriteTransaction};

use crate::encoding::{decode, find, put};
use crate::events::EventLog;
use crate::tables::{CREDENTIALS, SHOPS, USER_BY_LINK, USERS, all_of};
use crate::{RedbStorage, sessions, shops};

#[async_trait]
impl CredentialStore for RedbStorage {
    async fn create_link(&self, shop: ShopId, link: NewLink) -> Result<CredentialOutcome, StorageError> {
        self.write("create_link", move |transaction| create_link(transaction, shop, link)).await
    }

    async fn find_link(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<LinkHolder>, StorageError> {
        self.read("find_link", move |transaction| {
            let user = transaction.open_table(USER_BY_LINK)?.get((shop.get(), &token_hash.0))?;
            let Some(user) = user.map(|user| user.value()) else { return Ok(None) };
            let credential: Option<Credential> = find(&transaction.open_table(CREDENTIALS)?, shop, user)?;
            let credential = credential.context("an indexed credential is missing")?;
            let user: Option<User> = find(&transaction.open_table(USERS)?, shop, user)?;
            let user = user.context("the user of a credential is missing")?;
            let shop =
                shops::find(&transaction.open_table(SHOPS)?, shop)?.context("a link's shop is missing")?;
            let works = credential.link.is_some_and(|link| link.admits(token_hash, now))
                && user.is_active()
                && shop.closed_at.is_none();
            Ok(works.then_some(LinkHolder { shop, user, role: credential.role }))
        })
        .await
    }

    async fn set_password(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        password: PasswordHash,
        stamp: AuditStamp,
    ) -> Result<Option<User>, StorageError> {
        self.write("set_password", move |transaction| {
            set_password(transaction, shop, token_hash, password, stamp)
        })
        .await
    }

    async fn set_role(
        &self,
        shop: ShopId,
        user: UserId,
        role: Role,
        stamp: AuditStamp,
    ) -> Result<CredentialOutcome, StorageError> {
        self.write("set_role", move |transaction| set_role(transaction, shop, user, role, stamp)).await
    }

    async fn find_credential(
        &self,
        shop: ShopId,
        email: String,
    ) -> Result<Option<(User, Credential)>, StorageError> {
        self.read("find_credential", move |transaction| {
            let by_email = transaction.open_table(crate::tables::USER_BY_EMAIL)?;
            let folded = hexdesk_domain::fold_email(&email);
            let Some(number) = by_email.get((shop.get(), folded.as_str()))? else { return Ok(None) };
            let number = number.value();
            let user: Option<User> = find(&transaction.open_table(USERS)?, shop, number)?;
            let user = user.context("an indexed user is missing")?;
            let credential = find(&transaction.open_table(CREDENTIALS)?, shop, number)?;
            Ok(credential.map(|credential| (user, credential)))
        })
        .await
    }

    async fn find_credentials(
        &self,
        shop: ShopId,
        users: Vec<UserId>,
    ) -> Result<Vec<Credential>, StorageError> {
        self.read("find_credentials", move |transaction| {
            let credentials = transaction.open_table(CREDENTIALS)?;
            let users: BTreeSet<UserId> = users.into_iter().collect();
            let found = users.into_iter().map(|user| find(&credentials, shop, user.get()).transpose());
            found.flatten().collect()
        })
        .await
    }
}

fn create_link(
    transaction: &WriteTransaction,
    shop: ShopId,
    new: NewLink,
) -> anyhow::Result<CredentialOutcome> {
    let NewLink { user_id, role, link, stamp } = new;
    let Some(user) = active_user(transaction, shop, user_id)? else {
        return Ok(CredentialOutcome::UserNotFound);
    };
    let present = credential(transaction, shop, user_id)?;
    let Some(role) = role.or(present.as_ref().map(|present| present.role)) else {
        return Ok(CredentialOutcome::NotInvited);
    };
    remove_link(transaction, shop, user_id)?;
    let (password, signed_in_at) = match present {
        Some(present) => (present.password, present.signed_in_at),
        None => (None, None),
    };
    let credential = Credential { user_id, role, password, link: Some(link), signed_in_at };
    write(transaction, shop, &credential)?;
    EventLog::open(transaction)?.append(shop, stamp, [NewEvent::user_invited(user.clone())])?;
    Ok(CredentialOutcome::Done(user))
}

/// Writes a credential and the index of its link.
pub(crate) fn write(
    transaction: &WriteTransaction,
    shop: ShopId,
    credential: &Credential,
) -> anyhow::Result<()> {
    let user = credential.user_id.get();
    put(&mut transaction.open_table(CREDENTIALS)?, shop, user, credential)?;
    if let Some(link) = credential.link {
        transaction.open_table(USER_BY_LINK)?.insert((shop.get(), &link.token_hash.0), user)?;
    }
    Ok(())
}

fn set_password(
    transaction: &WriteTransaction,
    shop: ShopId,
    token_hash: SecretHash,
    password: PasswordHash,
    stamp: AuditStamp,
) -> anyhow::Result<Option<User>> {
    let number =
        transaction.open_table(USER_BY_LINK)?.get((shop.get(), &token_hash.0))?.map(|user| user.value());
    let Some(id) = number.and_then(UserId::new) else { return Ok(None) };
    let Some(user) = active_user(transaction, shop, id)? else { return Ok(None) };
    let present = credential(transaction, shop, id)?.context("an indexed credential is missing")?;
    if !present.link.is_some_and(|link| link.admits(token_hash, stamp.time)) {
        return Ok(None);
    }
    remove_link(transaction, shop, id)?;
    let changed = Credential { password: Some(password), link: None, ..present };
    put(&mut transaction.open_table(CREDENTIALS)?, shop, id.get(), &changed)?;
    sessions::end_all_of(transaction, shop, id)?;
    EventLog::open(transaction)?.append(shop, stamp, [NewEvent::user_password_set(user.clone())])?;
    Ok(Some(user))
}

fn set_role(
    transaction: &WriteTransaction,
    shop: ShopId,
    user: UserId,
    role: Role,
    stamp: AuditStamp,
) -> anyhow::Result<CredentialOutcome> {
    let Some(user) = active_user(transaction, shop, user)? else {
        return Ok(CredentialOutcome::UserNotFound);
    };
    let Some(present) = credential(transaction, shop, user.id)? else {
        return Ok(CredentialOutcome::NotInvited);
    };
    if present.role != role {
        put(&mut transaction.open_table(CREDENTIALS)?, shop, user.id.get(), &Credential { role, ..present })?;
        EventLog::open(transaction)?.append(shop, stamp, [NewEvent::user_role_changed(user.clone())])?;
    }
    Ok(CredentialOutcome::Done(user))
}

pub(crate) fn credential(
    transaction: &WriteTransaction,
    shop: ShopId,
    user: UserId,
) -> anyhow::Result<Option<Credential>> {
    find(&transaction.open_table(CREDENTIALS)?, shop, user.get())
}

/// Notes that the user signed in at this time, unless the user signed in later.
pub(crate) fn note_sign_in(
    transaction: &WriteTransaction,
    shop: ShopId,
    credential: Credential,
    time: Timestamp,
) -> anyhow::Result<()> {
    let signed_in_at = credential.signed_in_at.max(Some(time));
    let (user, noted) = (credential.user_id, Credential { signed_in_at, ..credential });
    put(&mut transaction.open_table(CREDENTIALS)?, shop, user.get(), &noted)
}

/// Returns the active user of an open shop.
pub(crate) fn active_user(
    transaction: &WriteTransaction,
    shop: ShopId,
    user: UserId,
) -> anyhow::Result<Option<User>> {
    let open =
        shops::find(&transaction.open_table(SHOPS)?, shop)?.is_some_and(|shop| shop.closed_at.is_none());
    let user: Option<User> = find(&transaction.open_table(USERS)?, shop, user.get())?;
    Ok(user.filter(|user| open && user.is_active()))
}

fn remove_link(transaction: &WriteTransaction, shop: ShopId, user: UserId) -> anyhow::Result<()> {
    let Some(credential) = credential(transaction, shop, user)? else { return Ok(()) };
    if let Some(link) = credential.link {
        transaction.open_table(USER_BY_LINK)?.remove((shop.get(), &link.token_hash.0))?;
        let without = Credential { link: None, ..credential };
        put(&mut transaction.open_table(CREDENTIALS)?, shop, user.get(), &without)?;
    }
    Ok(())
}

/// Removes the link and the sessions of a user who is deactivated.
pub(crate) fn lock_out(transaction: &WriteTransaction, shop: ShopId, user: UserId) -> anyhow::Result<()> {
    remove_link(transaction, shop, user)?;
    sessions::end_all_of(transaction, shop, user)
}

/// The same for every user of a shop that is closed.
pub(crate) fn lock_all_out(transaction: &WriteTransaction, shop: ShopId) -> anyhow::Result<()> {
    let users: Vec<Credential> = {
        let credentials = transaction.open_table(CREDENTIALS)?;
        credentials.range(all_of(shop))?.map(|entry| decode(entry?.1.value())).collect::<Result<_, _>>()?
    };
    users.iter().try_for_each(|credential| lock_out(transaction, shop, credential.user_id))
}
