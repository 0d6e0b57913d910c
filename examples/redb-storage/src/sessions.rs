use anyhow::{Context, ensure};
use async_trait::async_trait;
use hexdesk_domain::{
    Credential, NewSession, SecretHash, Session, SessionLife, SessionStore, ShopId, StorageError, Timestamp,
    User, UserId,
};
use redb::{ReadableTable, WriteTransaction};
use serde::{Deserialize, Serialize};

use crate::encoding::{decode, encode, find};
use crate::tables::{CREDENTIALS, HashInShop, Json, SESSIONS, SESSIONS_BY_USER, SHOPS, USERS};
use crate::{RedbStorage, credentials, shops};

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct StoredSession {
    pub(crate) user: UserId,
    pub(crate) life: SessionLife,
}

#[async_trait]
impl SessionStore for RedbStorage {
    async fn create_session(&self, shop: ShopId, session: NewSession) -> Result<bool, StorageError> {
        self.write("create_session", move |transaction| create(transaction, shop, session)).await
    }

    async fn find_session(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<Session>, StorageError> {
        self.read("find_session", move |transaction| {
            let sessions = transaction.open_table(SESSIONS)?;
            let Some(StoredSession { user, life }) = stored(&sessions, shop, token_hash.0)? else {
                return Ok(None);
            };
            if !life.is_live(now) {
                return Ok(None);
            }
            let credential: Option<Credential> =
                find(&transaction.open_table(CREDENTIALS)?, shop, user.get())?;
            let user: Option<User> = find(&transaction.open_table(USERS)?, shop, user.get())?;
            let shop = shops::find(&transaction.open_table(SHOPS)?, shop)?;
            let shop = shop.context("a session's shop is missing")?;
            // A shop that is being loaded has sessions.
            if shop.closed_at.is_some() {
                return Ok(None);
            }
            Ok(Some(Session {
                user: user.context("the user of a session is missing")?,
                role: credential.context("the credential of a session is missing")?.role,
                shop,
                life,
            }))
        })
        .await
    }

    async fn note_session_use(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.write("note_session_use", move |transaction| {
            let mut sessions = transaction.open_table(SESSIONS)?;
            if let Some(mut session) = stored(&sessions, shop, token_hash.0)?
                && session.life.is_live(now)
            {
                session.life.last_used_at = session.life.last_used_at.max(now);
                sessions.insert((shop.get(), &token_hash.0), encode(&session)?.as_slice())?;
            }
            Ok(())
        })
        .await
    }

    async fn end_session(&self, shop: ShopId, token_hash: SecretHash) -> Result<(), StorageError> {
        self.write("end_session", move |transaction| {
            let session = stored(&transaction.open_table(SESSIONS)?, shop, token_hash.0)?;
            session.map_or(Ok(()), |session| remove(transaction, shop, session.user, token_hash.0))
        })
        .await
    }
}

fn create(transaction: &WriteTransaction, shop: ShopId, new: NewSession) -> anyhow::Result<bool> {
    let NewSession { token_hash, user_id, password, created_at } = new;
    let present = credentials::credential(transaction, shop, user_id)?;
    let Some(credential) = present.filter(|present| present.password.as_ref() == Some(&password)) else {
        return Ok(false);
    };
    if credentials::active_user(transaction, shop, user_id)?.is_none() {
        return Ok(false);
    }
    let mut live = Vec::new();
    for hash in hashes_of(transaction, shop, user_id)? {
        let session = stored(&transaction.open_table(SESSIONS)?, shop, hash)?;
        match session {
            Some(session) if session.life.is_live(created_at) => live.push((session.life.created_at, hash)),
            _ => remove(transaction, shop, user_id, hash)?,
        }
    }
    live.sort_unstable();
    for (_, hash) in live.iter().take((live.len() + 1).saturating_sub(Session::MAX_OF_USER)) {
        remove(transaction, shop, user_id, *hash)?;
    }
    credentials::note_sign_in(transaction, shop, credential, created_at)?;
    let session = StoredSession { user: user_id, life: SessionLife::beginning(created_at) };
    add(transaction, shop, token_hash, session)?;
    Ok(true)
}

/// Adds a session. Its hash must be free.
pub(crate) fn add(
    transaction: &WriteTransaction,
    shop: ShopId,
    SecretHash(hash): SecretHash,
    session: StoredSession,
) -> anyhow::Result<()> {
    let mut sessions = transaction.open_table(SESSIONS)?;
    let is_new = sessions.insert((shop.get(), &hash), encode(&session)?.as_slice())?.is_none();
    ensure!(is_new, "the hash of the session is taken");
    transaction.open_table(SESSIONS_BY_USER)?.insert((shop.get(), session.user.get(), &hash), ())?;
    Ok(())
}

fn stored(
    sessions: &impl ReadableTable<HashInShop, Json>,
    shop: ShopId,
    hash: [u8; 32],
) -> anyhow::Result<Option<StoredSession>> {
    sessions.get((shop.get(), &hash))?.map(|stored| decode(stored.value())).transpose()
}

fn hashes_of(transaction: &WriteTransaction, shop: ShopId, user: UserId) -> anyhow::Result<Vec<[u8; 32]>> {
    let by_user = transaction.open_table(SESSIONS_BY_USER)?;
    let (shop, user) = (shop.get(), user.get());
    let of_user = by_user.range((shop, user, &[0; 32])..=(shop, user, &[u8::MAX; 32]))?;
    of_user.map(|entry| Ok(*entry?.0.value().2)).collect()
}

fn remove(transaction: &WriteTransaction, shop: ShopId, user: UserId, hash: [u8; 32]) -> anyhow::Result<()> {
    transaction.open_table(SESSIONS)?.remove((shop.get(), &hash))?;
    transaction.open_table(SESSIONS_BY_USER)?.remove((shop.get(), user.get(), &hash))?;
    Ok(())
}

/// Ends every session of the user.
pub(crate) fn end_all_of(transaction: &WriteTransaction, shop: ShopId, user: UserId) -> anyhow::Result<()> {
    let hashes = hashes_of(transaction, shop, user)?;
    hashes.into_iter().try_for_each(|hash| remove(transaction, shop, user, hash))
}
