//! Sessions of users in the console.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{NewSession, SecretHash, Session, SessionStore, ShopId, StorageError, Timestamp};

use super::PostgresStorage;
use super::credentials::{find, lock_active};
use super::errors::{Effect, Failure};
use crate::sql::console::{SessionRow, UserSessionRow, live_after, live_session, surplus};
use crate::sql::queries;
use crate::sql::schema::{credentials, sessions};
use crate::sql::shops::ShopRow;
use crate::sql::types::StoredTimestamp;
use crate::sql::users::UserRow;

#[async_trait]
impl SessionStore for PostgresStorage {
    async fn create_session(&self, shop: ShopId, session: NewSession) -> Result<bool, StorageError> {
        self.connections
            .run("create_session", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection.transaction(async |connection| create(connection, shop, &session).await).await
            })
            .await
    }

    async fn find_session(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<Session>, StorageError> {
        self.connections
            .run("find_session", Effect::Read, async move |connection: &mut AsyncPgConnection| {
                find_live(connection, shop, token_hash, now).await
            })
            .await
    }

    async fn note_session_use(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.connections
            .run("note_session_use", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection
                    .transaction(async |connection| note_use(connection, shop, token_hash, now).await)
                    .await
            })
            .await
    }

    async fn end_session(&self, shop: ShopId, token_hash: SecretHash) -> Result<(), StorageError> {
        self.connections
            .run("end_session", Effect::Write, async move |connection: &mut AsyncPgConnection| {
                connection.transaction(async |connection| end(connection, shop, token_hash).await).await
            })
            .await
    }
}

async fn create(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    session: &NewSession,
) -> Result<bool, Failure> {
    let Some(user) = lock_active(connection, shop, session.user_id).await? else { return Ok(false) };
    let present = find(connection, shop, user.id).await?;
    if present.and_then(|present| present.password).as_ref() != Some(&session.password) {
        return Ok(false);
    }
    let (used_after, created_after) = live_after(session.created_at);
    diesel::delete(sessions::table)
        .filter(sessions::shop_id.eq(shop.get()).and(sessions::user_id.eq(user.id.get())))
        .filter(sessions::last_used_at.le(used_after).or(sessions::created_at.le(created_after)))
        .execute(connection)
        .await?;
    let latest_first: Vec<Vec<u8>> = queries::sessions_of(shop.get(), user.id.get())
        .order(sessions::created_at.desc())
        .select(sessions::token_hash)
        .load(connection)
        .await?;
    let surplus = surplus(latest_first);
    if !surplus.is_empty() {
        diesel::delete(sessions::table)
            .filter(sessions::shop_id.eq(shop.get()).and(sessions::token_hash.eq_any(surplus)))
            .execute(connection)
            .await?;
    }
    diesel::insert_into(sessions::table)
        .values(UserSessionRow::beginning(shop, session))
        .execute(connection)
        .await?;
    let signed_in_at = StoredTimestamp(session.created_at);
    diesel::update(queries::sign_in_of(shop.get(), user.id.get(), signed_in_at))
        .set(credentials::signed_in_at.eq(signed_in_at))
        .execute(connection)
        .await?;
    Ok(true)
}

async fn find_live(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    token_hash: SecretHash,
    now: Timestamp,
) -> Result<Option<Session>, Failure> {
    let row: Option<SessionRow> = queries::session(shop.get(), token_hash.0.to_vec())
        .select((
            ShopRow::as_select(),
            UserRow::as_select(),
            credentials::role,
            sessions::created_at,
            sessions::last_used_at,
        ))
        .get_result(connection)
        .await
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    Ok(live_session(row, now)?)
}

async fn note_use(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    token_hash: SecretHash,
    now: Timestamp,
) -> Result<(), Failure> {
    let (used_after, created_after) = live_after(now);
    let now = StoredTimestamp(now);
    diesel::update(sessions::table.find((shop.get(), token_hash.0.to_vec())))
        .filter(sessions::last_used_at.gt(used_after).and(sessions::last_used_at.lt(now)))
        .filter(sessions::created_at.gt(created_after))
        .set(sessions::last_used_at.eq(now))
        .execute(connection)
        .await?;
    Ok(())
}

async fn end(
    connection: &mut AsyncPgConnection,
    shop: ShopId,
    token_hash: SecretHash,
) -> Result<(), Failure> {
    diesel::delete(sessions::table.find((shop.get(), token_hash.0.to_vec()))).execute(connection).await?;
    Ok(())
}
