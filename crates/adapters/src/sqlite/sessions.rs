//! Sessions of users in the console.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{NewSession, SecretHash, Session, SessionStore, ShopId, StorageError, Timestamp};

use super::SqliteStorage;
use super::credentials::{active_user, find};
use crate::sql::console::{SessionRow, UserSessionRow, live_after, live_session, surplus};
use crate::sql::queries;
use crate::sql::schema::{credentials, sessions};
use crate::sql::shops::ShopRow;
use crate::sql::types::StoredTimestamp;
use crate::sql::users::UserRow;

#[async_trait]
impl SessionStore for SqliteStorage {
    async fn create_session(&self, shop: ShopId, session: NewSession) -> Result<bool, StorageError> {
        self.write("create_session", move |connection| create(connection, shop, &session)).await
    }

    async fn find_session(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<Session>, StorageError> {
        self.read("find_session", move |connection| find_live(connection, shop, token_hash, now)).await
    }

    async fn note_session_use(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.write("note_session_use", move |connection| note_use(connection, shop, token_hash, now)).await
    }

    async fn end_session(&self, shop: ShopId, token_hash: SecretHash) -> Result<(), StorageError> {
        self.write("end_session", move |connection| end(connection, shop, token_hash)).await
    }
}

fn create(connection: &mut SqliteConnection, shop: ShopId, session: &NewSession) -> anyhow::Result<bool> {
    let Some(user) = active_user(connection, shop, session.user_id)? else { return Ok(false) };
    let present = find(connection, shop, user.id)?;
    if present.and_then(|present| present.password).as_ref() != Some(&session.password) {
        return Ok(false);
    }
    let (used_after, created_after) = live_after(session.created_at);
    diesel::delete(sessions::table)
        .filter(sessions::shop_id.eq(shop.get()).and(sessions::user_id.eq(user.id.get())))
        .filter(sessions::last_used_at.le(used_after).or(sessions::created_at.le(created_after)))
        .execute(connection)?;
    let latest_first: Vec<Vec<u8>> = queries::sessions_of(shop.get(), user.id.get())
        .order(sessions::created_at.desc())
        .select(sessions::token_hash)
        .load(connection)?;
    let surplus = surplus(latest_first);
    if !surplus.is_empty() {
        diesel::delete(sessions::table)
            .filter(sessions::shop_id.eq(shop.get()).and(sessions::token_hash.eq_any(surplus)))
            .execute(connection)?;
    }
    diesel::insert_into(sessions::table)
        .values(UserSessionRow::beginning(shop, session))
        .execute(connection)?;
    let signed_in_at = StoredTimestamp(session.created_at);
    diesel::update(queries::sign_in_of(shop.get(), user.id.get(), signed_in_at))
        .set(credentials::signed_in_at.eq(signed_in_at))
        .execute(connection)?;
    Ok(true)
}

fn find_live(
    connection: &mut SqliteConnection,
    shop: ShopId,
    token_hash: SecretHash,
    now: Timestamp,
) -> anyhow::Result<Option<Session>> {
    let row: Option<SessionRow> = queries::session(shop.get(), token_hash.0.to_vec())
        .select((
            ShopRow::as_select(),
            UserRow::as_select(),
            credentials::role,
            sessions::created_at,
            sessions::last_used_at,
        ))
        .get_result(connection)
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    Ok(live_session(row, now)?)
}

fn note_use(
    connection: &mut SqliteConnection,
    shop: ShopId,
    token_hash: SecretHash,
    now: Timestamp,
) -> anyhow::Result<()> {
    let (used_after, created_after) = live_after(now);
    let now = StoredTimestamp(now);
    diesel::update(sessions::table.find((shop.get(), token_hash.0.to_vec())))
        .filter(sessions::last_used_at.gt(used_after).and(sessions::last_used_at.lt(now)))
        .filter(sessions::created_at.gt(created_after))
        .set(sessions::last_used_at.eq(now))
        .execute(connection)?;
    Ok(())
}

fn end(connection: &mut SqliteConnection, shop: ShopId, token_hash: SecretHash) -> anyhow::Result<()> {
    diesel::delete(sessions::table.find((shop.get(), token_hash.0.to_vec()))).execute(connection)?;
    Ok(())
}
