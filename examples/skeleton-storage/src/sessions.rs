//! The obligations SESSION are in the documentation of [`SessionStore`].

use async_trait::async_trait;
use hexdesk_domain::{NewSession, SecretHash, Session, SessionStore, ShopId, StorageError, Timestamp};

use crate::{SkeletonStorage, not_implemented};

#[async_trait]
impl SessionStore for SkeletonStorage {
    async fn create_session(&self, shop: ShopId, session: NewSession) -> Result<bool, StorageError> {
        not_implemented("create_session")
    }

    async fn find_session(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<Session>, StorageError> {
        not_implemented("find_session")
    }

    async fn note_session_use(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        not_implemented("note_session_use")
    }

    async fn end_session(&self, shop: ShopId, token_hash: SecretHash) -> Result<(), StorageError> {
        not_implemented("end_session")
    }
}
