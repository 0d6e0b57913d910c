//! How users sign in to the console: roles, hashes of passwords, and links.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::ports::CredentialOutcome;
use hexdesk_domain::{
    AuditStamp, Credential, CredentialStore, EventKind, LinkHolder, NewLink, PasswordHash, Role, SecretHash,
    ShopId, Snapshot, StorageError, Timestamp, User, UserId, fold_email,
};

use super::PostgresStorage;
use super::errors::{Effect, Failure};
use super::events::append::append_one;
use super::shops::lock_open_shop;
use crate::sql::console::{CredentialRow, user_of_link};
use crate::sql::queries;
use crate::sql::schema::{credentials, sessions, users};
use crate::sql::shops::ShopRow;
use crate::sql::types::StoredTimestamp;
use crate::sql::users::UserRow;

#[async_trait]
impl CredentialStore for PostgresStorage {
    async fn create_link(&self, shop: ShopId, link: NewLink) -> Result<CredentialOutcome, StorageError> {
        self.connections
            .run("create_link", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection.transaction(async |connection| create_link(connection, shop, link).await).await
            })
            .await
    }

    async fn find_link(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<LinkHolder>, StorageError> {
        self.connections
            .run("find_link", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                find_link(connection, shop, token_hash, now).await
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
        self.connections
            .run("set_password", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| {
                        set_password(connection, shop, token_hash, &password, stamp).await
                    })
                    .await
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
        self.connections
            .run("set_role", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| set_role(connection, shop, user, role, stamp).await)
                    .await
            })
            .await
    }

    async fn find_credential(
        &self,
        shop: ShopId,
        email: String,
    ) -> Result<Option<(User, Credential)>, StorageError> {
        self.connections
            .run("find_credential", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                find_credential(connection, shop, &email).await
            })
            .await
    }

    async fn find_credentials(
        &self,
        shop: ShopId,
        users: Vec<UserId>,
    ) -> Result<Vec<Credential>, StorageError> {
        self.connections
            .run("find_credentials", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                find_credentials(connection, shop, users).await
            })
            .await
    }
}

async fn create_link(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    new: NewLink,
) -> Result<CredentialOutcome, Failure> {
    let NewLink { user_id, role, link, stamp } = new;
    let Some(user) = lock_active(connection, shop, user_id).await? else {
        return Ok(CredentialOutcome::UserNotFound);
    };
    let present = find(connection, shop, user_id).await?;
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
        .execute(connection)
        .await?;
    append_one(connection, shop, EventKind::UserInvited, Snapshot::User(Box::new(user.clone())), stamp)
        .await?;
    Ok(CredentialOutcome::Done(user))
}

async fn find_link(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    token_hash: SecretHash,
    now: Timestamp,
) -> Result<Option<LinkHolder>, Failure> {
    let rows: Option<(ShopRow, UserRow, CredentialRow)> = queries::link(shop.get(), token_hash.0.to_vec())
        .select((ShopRow::as_select(), UserRow::as_select(), CredentialRow::as_select()))
        .get_result(connection)
        .await
        .optional()?;
    let Some((shop, user, credential)) = rows else { return Ok(None) };
    Ok(credential.into_holder(shop, user, token_hash, now)?)
}

async fn set_password(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    token_hash: SecretHash,
    password: &PasswordHash,
    stamp: AuditStamp,
) -> Result<Option<User>, Failure> {
    let with_link = credentials::table
        .filter(credentials::shop_id.eq(shop.get()).and(credentials::link_hash.eq(token_hash.0.to_vec())));
    let number: Option<i64> =
        with_link.select(credentials::user_id).get_result(connection).await.optional()?;
    let Some(number) = number else { return Ok(None) };
    let Some(user) = lock_active(connection, shop, user_of_link(number)?).await? else { return Ok(None) };
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
        .execute(connection)
        .await?;
    if changed == 0 {
        return Ok(None);
    }
    end_sessions_of(connection, shop, user.id).await?;
    append_one(connection, shop, EventKind::UserPasswordSet, Snapshot::User(Box::new(user.clone())), stamp)
        .await?;
    Ok(Some(user))
}

async fn set_role(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    user: UserId,
    role: Role,
    stamp: AuditStamp,
) -> Result<CredentialOutcome, Failure> {
    let Some(user) = lock_active(connection, shop, user).await? else {
        return Ok(CredentialOutcome::UserNotFound);
    };
    let Some(present) = find(connection, shop, user.id).await? else {
        return Ok(CredentialOutcome::NotInvited);
    };
    if present.role != role {
        diesel::update(credentials::table.find((shop.get(), user.id.get())))
            .set(credentials::role.eq(role.as_str()))
            .execute(connection)
            .await?;
        append_one(
            connection,
            shop,
            EventKind::UserRoleChanged,
            Snapshot::User(Box::new(user.clone())),
            stamp,
        )
        .await?;
    }
    Ok(CredentialOutcome::Done(user))
}

async fn find_credential(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    email: &str,
) -> Result<Option<(User, Credential)>, Failure> {
    let rows: Option<(UserRow, CredentialRow)> = queries::credential(shop.get(), fold_email(email))
        .select((UserRow::as_select(), CredentialRow::as_select()))
        .get_result(connection)
        .await
        .optional()?;
    let Some((user, credential)) = rows else { return Ok(None) };
    Ok(Some((user.try_into()?, credential.try_into()?)))
}

async fn find_credentials(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    users: Vec<UserId>,
) -> Result<Vec<Credential>, Failure> {
    let users = users.into_iter().map(UserId::get).collect();
    let rows: Vec<CredentialRow> = queries::credentials_of(shop.get(), users)
        .select(CredentialRow::as_select())
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?)
}

pub(super) async fn find(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    user: UserId,
) -> Result<Option<Credential>, Failure> {
    let row: Option<CredentialRow> = credentials::table
        .find((shop.get(), user.get()))
        .select(CredentialRow::as_select())
        .get_result(connection)
        .await
        .optional()?;
    Ok(row.map(TryInto::try_into).transpose()?)
}

/// Locks the shop and the user until the transaction ends, and returns the user. Returns `None` if the
/// shop is closed, or has no such active user. Every command on a credential or a session of a user, and
/// the user's deactivation, locks the user first. So they take effect one after another.
pub(super) async fn lock_active(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    user: UserId,
) -> Result<Option<User>, Failure> {
    if !lock_open_shop(connection, shop).await? {
        return Ok(None);
    }
    let row = users::table
        .find((shop.get(), user.get()))
        .select(UserRow::as_select())
        .for_no_key_update()
        .get_result(connection)
        .await
        .optional()?;
    let user = row.map(User::try_from).transpose()?;
    Ok(user.filter(User::is_active))
}

async fn end_sessions_of(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    user: UserId,
) -> QueryResult<usize> {
    diesel::delete(sessions::table)
        .filter(sessions::shop_id.eq(shop.get()).and(sessions::user_id.eq(user.get())))
        .execute(connection)
        .await
}

/// Removes the link and the sessions of a user who is deactivated (CREDENTIAL-8, SESSION-6).
pub(super) async fn lock_out(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    user: UserId,
) -> QueryResult<()> {
    diesel::update(credentials::table.find((shop.get(), user.get())))
        .set((
            credentials::link_hash.eq(None::<Vec<u8>>),
            credentials::link_ends_at.eq(None::<StoredTimestamp>),
        ))
        .execute(connection)
        .await?;
    end_sessions_of(connection, shop, user).await?;
    Ok(())
}

/// The same for every user of a shop that is closed.
pub(super) async fn lock_all_out(connection: &mut AsyncPgConnection, shop: ShopId) -> QueryResult<()> {
    diesel::update(credentials::table)
        .filter(credentials::shop_id.eq(shop.get()))
        .set((
            credentials::link_hash.eq(None::<Vec<u8>>),
            credentials::link_ends_at.eq(None::<StoredTimestamp>),
        ))
        .execute(connection)
        .await?;
    diesel::delete(sessions::table).filter(sessions::shop_id.eq(shop.get())).execute(connection).await?;
    Ok(())
}
