//! How users sign in to the console: roles, hashes of passwords, and links.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::ports::CredentialOutcome;
use hexdesk_domain::{
    AuditStamp, Credential, CredentialStore, EventKind, LinkHolder, NewLink, PasswordHash, Role, SecretHash,
    ShopId, Snapshot, StorageError, Timestamp, User, UserId, fold_email,
};

use super::SqliteStorage;
use super::events::append::EventLog;
use super::shops::is_open;
use crate::sql::console::{CredentialRow, user_of_link};
use crate::sql::queries;
use crate::sql::schema::{credentials, sessions, users};
use crate::sql::shops::ShopRow;
use crate::sql::types::StoredTimestamp;
use crate::sql::users::UserRow;

#[async_trait]
impl CredentialStore for SqliteStorage {
    async fn create_link(&self, shop: ShopId, link: NewLink) -> Result<CredentialOutcome, StorageError> {
        self.write("create_link", move |connection| create_link(connection, shop, link)).await
    }

    async fn find_link(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<LinkHolder>, StorageError> {
        self.read("find_link", move |connection| find_link(connection, shop, token_hash, now)).await
    }

    async fn set_password(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        password: PasswordHash,
        stamp: AuditStamp,
    ) -> Result<Option<User>, StorageError> {
        self.write("set_password", move |connection| {
            set_password(connection, shop, token_hash, &password, stamp)
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
        self.write("set_role", move |connection| set_role(connection, shop, user, role, stamp)).await
    }

    async fn find_credential(
        &self,
        shop: ShopId,
        email: String,
    ) -> Result<Option<(User, Credential)>, StorageError> {
        self.read("find_credential", move |connection| find_credential(connection, shop, &email)).await
    }

    async fn find_credentials(
        &self,
        shop: ShopId,
        users: Vec<UserId>,
    ) -> Result<Vec<Credential>, StorageError> {
        self.read("find_credentials", move |connection| find_credentials(connection, shop, users)).await
    }
}

fn create_link(
    connection: &mut SqliteConnection,
    shop: ShopId,
    new: NewLink,
) -> anyhow::Result<CredentialOutcome> {
    let NewLink { user_id, role, link, stamp } = new;
    let Some(user) = active_user(connection, shop, user_id)? else {
        return Ok(CredentialOutcome::UserNotFound);
    };
    let present = find(connection, shop, user_id)?;
    let Some(role) = role.or(present.as_ref().map(|present| present.role)) else {
        return Ok(CredentialOutcome::NotInvited);
    };
    let (password, signed_in_at) = match present {
        Some(present) => (present.password, present.signed_in_at),
        None => (None, None),
    };
    let credential = Credential { user_id, role, password, link: Some(link), signed_in_at };
    let row = CredentialRow::new(shop, credential);
    diesel::insert_into(credentials::table)
        .values(&row)
        .on_conflict((credentials::shop_id, credentials::user_id))
        .do_update()
        .set(&row)
        .execute(connection)?;
    let snapshot = Snapshot::User(Box::new(user.clone()));
    EventLog::default().append(connection, shop, EventKind::UserInvited, snapshot, stamp)?;
    Ok(CredentialOutcome::Done(user))
}

fn find_link(
    connection: &mut SqliteConnection,
    shop: ShopId,
    token_hash: SecretHash,
    now: Timestamp,
) -> anyhow::Result<Option<LinkHolder>> {
    let rows: Option<(ShopRow, UserRow, CredentialRow)> = queries::link(shop.get(), token_hash.0.to_vec())
        .select((ShopRow::as_select(), UserRow::as_select(), CredentialRow::as_select()))
        .get_result(connection)
        .optional()?;
    let Some((shop, user, credential)) = rows else { return Ok(None) };
    Ok(credential.into_holder(shop, user, token_hash, now)?)
}

fn set_password(
    connection: &mut SqliteConnection,
    shop: ShopId,
    token_hash: SecretHash,
    password: &PasswordHash,
    stamp: AuditStamp,
) -> anyhow::Result<Option<User>> {
    let with_link = credentials::table
        .filter(credentials::shop_id.eq(shop.get()).and(credentials::link_hash.eq(token_hash.0.to_vec())));
    let number: Option<i64> = with_link.select(credentials::user_id).get_result(connection).optional()?;
    let Some(number) = number else { return Ok(None) };
    let Some(user) = active_user(connection, shop, user_of_link(number)?)? else { return Ok(None) };
    let live = credentials::table
        .find((shop.get(), number))
        .filter(credentials::link_hash.eq(token_hash.0.to_vec()))
        .filter(credentials::link_ends_at.gt(StoredTimestamp(stamp.time)));
    let changed = diesel::update(live)
        .set((
            credentials::password_hash.eq(password.as_str()),
            credentials::link_hash.eq(None::<Vec<u8>>),
            credentials::link_ends_at.eq(None::<StoredTimestamp>),
        ))
        .execute(connection)?;
    if changed == 0 {
        return Ok(None);
    }
    end_sessions_of(connection, shop, user.id)?;
    let snapshot = Snapshot::User(Box::new(user.clone()));
    EventLog::default().append(connection, shop, EventKind::UserPasswordSet, snapshot, stamp)?;
    Ok(Some(user))
}

fn set_role(
    connection: &mut SqliteConnection,
    shop: ShopId,
    user: UserId,
    role: Role,
    stamp: AuditStamp,
) -> anyhow::Result<CredentialOutcome> {
    let Some(user) = active_user(connection, shop, user)? else {
        return Ok(CredentialOutcome::UserNotFound);
    };
    let Some(present) = find(connection, shop, user.id)? else {
        return Ok(CredentialOutcome::NotInvited);
    };
    if present.role != role {
        diesel::update(credentials::table.find((shop.get(), user.id.get())))
            .set(credentials::role.eq(role.as_str()))
            .execute(connection)?;
        let snapshot = Snapshot::User(Box::new(user.clone()));
        EventLog::default().append(connection, shop, EventKind::UserRoleChanged, snapshot, stamp)?;
    }
    Ok(CredentialOutcome::Done(user))
}

fn find_credential(
    connection: &mut SqliteConnection,
    shop: ShopId,
    email: &str,
) -> anyhow::Result<Option<(User, Credential)>> {
    let rows: Option<(UserRow, CredentialRow)> = queries::credential(shop.get(), fold_email(email))
        .select((UserRow::as_select(), CredentialRow::as_select()))
        .get_result(connection)
        .optional()?;
    let Some((user, credential)) = rows else { return Ok(None) };
    Ok(Some((user.try_into()?, credential.try_into()?)))
}

fn find_credentials(
    connection: &mut SqliteConnection,
    shop: ShopId,
    users: Vec<UserId>,
) -> anyhow::Result<Vec<Credential>> {
    let users = users.into_iter().map(UserId::get).collect();
    let rows: Vec<CredentialRow> =
        queries::credentials_of(shop.get(), users).select(CredentialRow::as_select()).load(connection)?;
    Ok(rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?)
}

pub(super) fn find(
    connection: &mut SqliteConnection,
    shop: ShopId,
    user: UserId,
) -> anyhow::Result<Option<Credential>> {
    let row: Option<CredentialRow> = credentials::table
        .find((shop.get(), user.get()))
        .select(CredentialRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}

/// Returns the active user of an open shop.
pub(super) fn active_user(
    connection: &mut SqliteConnection,
    shop: ShopId,
    user: UserId,
) -> anyhow::Result<Option<User>> {
    if !is_open(connection, shop)? {
        return Ok(None);
    }
    let row = users::table.find((shop.get(), user.get())).select(UserRow::as_select()).get_result(connection);
    let user = row.optional()?.map(User::try_from).transpose()?;
    Ok(user.filter(User::is_active))
}

fn end_sessions_of(connection: &mut SqliteConnection, shop: ShopId, user: UserId) -> QueryResult<usize> {
    diesel::delete(sessions::table)
        .filter(sessions::shop_id.eq(shop.get()).and(sessions::user_id.eq(user.get())))
        .execute(connection)
}

/// Removes the link and the sessions of a user who is deactivated (CREDENTIAL-8, SESSION-6).
pub(super) fn lock_out(connection: &mut SqliteConnection, shop: ShopId, user: UserId) -> QueryResult<()> {
    diesel::update(credentials::table.find((shop.get(), user.get())))
        .set((
            credentials::link_hash.eq(None::<Vec<u8>>),
            credentials::link_ends_at.eq(None::<StoredTimestamp>),
        ))
        .execute(connection)?;
    end_sessions_of(connection, shop, user)?;
    Ok(())
}

/// The same for every user of a shop that is closed.
pub(super) fn lock_all_out(connection: &mut SqliteConnection, shop: ShopId) -> QueryResult<()> {
    diesel::update(credentials::table)
        .filter(credentials::shop_id.eq(shop.get()))
        .set((
            credentials::link_hash.eq(None::<Vec<u8>>),
            credentials::link_ends_at.eq(None::<StoredTimestamp>),
        ))
        .execute(connection)?;
    diesel::delete(sessions::table).filter(sessions::shop_id.eq(shop.get())).execute(connection)?;
    Ok(())
}
