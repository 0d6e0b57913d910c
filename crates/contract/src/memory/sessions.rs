use async_trait::async_trait;
use hexdesk_domain::{
    NewSession, SecretHash, Session, SessionLife, SessionStore, ShopId, StorageError, Timestamp, User, UserId,
};

use super::{MemoryStorage, State, unexpected};

impl State {
    pub(crate) fn create_session(&mut self, shop: ShopId, new: NewSession) -> Result<bool, StorageError> {
        let NewSession { token_hash, user_id, password, created_at } = new;
        let credential = self.credentials.get(&(shop, user_id));
        let knows = credential.is_some_and(|credential| credential.password.as_ref() == Some(&password));
        if !knows || !self.is_active_user(shop, user_id) || !self.is_open_shop(shop) {
            return Ok(false);
        }
        if self.sessions.contains_key(&(shop, token_hash.0)) {
            return Err(unexpected("create_session", "the hash is taken"));
        }
        self.sessions
            .retain(|(of, _), (user, life)| (*of, *user) != (shop, user_id) || life.is_live(created_at));
        let mut live: Vec<(Timestamp, [u8; 32])> = self
            .sessions
            .iter()
            .filter(|((of, _), (user, _))| (*of, *user) == (shop, user_id))
            .map(|((_, hash), (_, life))| (life.created_at, *hash))
            .collect();
        live.sort_unstable();
        for (_, hash) in live.iter().take((live.len() + 1).saturating_sub(Session::MAX_OF_USER)) {
            self.sessions.remove(&(shop, *hash));
        }
        if let Some(credential) = self.credentials.get_mut(&(shop, user_id)) {
            credential.signed_in_at = credential.signed_in_at.max(Some(created_at));
        }
        self.sessions.insert((shop, token_hash.0), (user_id, SessionLife::beginning(created_at)));
        Ok(true)
    }

    pub(crate) fn find_session(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Option<Session> {
        let (user, life) = *self.sessions.get(&(shop, token_hash.0))?;
        let role = self.credentials.get(&(shop, user))?.role;
        let (shop, user): (_, &User) = (self.shops.get(&shop)?, self.users.get(&(shop, user))?);
        // They are found when the load is finished.
        let is_hidden = self.is_loading(shop.id);
        (life.is_live(now) && !is_hidden).then(|| Session {
            shop: shop.clone(),
            user: user.clone(),
            role,
            life,
        })
    }

    pub(crate) fn note_session_use(&mut self, shop: ShopId, token_hash: SecretHash, now: Timestamp) {
        if let Some((_, life)) = self.sessions.get_mut(&(shop, token_hash.0))
            && life.is_live(now)
        {
            life.last_used_at = life.last_used_at.max(now);
        }
    }

    pub(crate) fn end_session(&mut self, shop: ShopId, token_hash: SecretHash) {
        self.sessions.remove(&(shop, token_hash.0));
    }

    pub(crate) fn end_sessions_of(&mut self, shop: ShopId, user: UserId) {
        self.sessions.retain(|(of, _), (of_user, _)| (*of, *of_user) != (shop, user));
    }
}

#[async_trait]
impl SessionStore for MemoryStorage {
    async fn create_session(&self, shop: ShopId, session: NewSession) -> Result<bool, StorageError> {
        self.state().create_session(shop, session)
    }

    async fn find_session(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<Session>, StorageError> {
        Ok(self.state().find_session(shop, token_hash, now))
    }

    async fn note_session_use(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        self.state().note_session_use(shop, token_hash, now);
        Ok(())
    }

    async fn end_session(&self, shop: ShopId, token_hash: SecretHash) -> Result<(), StorageError> {
        self.state().end_session(shop, token_hash);
        Ok(())
    }
}
