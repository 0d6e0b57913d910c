//! The obligations CREDENTIAL are in the documentation of [`CredentialStore`].

use async_trait::async_trait;
use hexdesk_domain::ports::CredentialOutcome;
use hexdesk_domain::{
    AuditStamp, Credential, CredentialStore, LinkHolder, NewLink, PasswordHash, Role, SecretHash, ShopId,
    StorageError, Timestamp, User, UserId,
};

use crate::{SkeletonStorage, not_implemented};

#[async_trait]
impl CredentialStore for SkeletonStorage {
    async fn create_link(&self, shop: ShopId, link: NewLink) -> Result<CredentialOutcome, StorageError> {
        not_implemented("create_link")
    }

    async fn find_link(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<LinkHolder>, StorageError> {
        not_implemented("find_link")
    }

    async fn set_password(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        password: PasswordHash,
        stamp: AuditStamp,
    ) -> Result<Option<User>, StorageError> {
        not_implemented("set_password")
    }

    async fn set_role(
        &self,
        shop: ShopId,
        user: UserId,
        role: Role,
        stamp: AuditStamp,
    ) -> Result<CredentialOutcome, StorageError> {
        not_implemented("set_role")
    }

    async fn find_credential(
        &self,
        shop: ShopId,
        email: String,
    ) -> Result<Option<(User, Credential)>, StorageError> {
        not_implemented("find_credential")
    }

    async fn find_credentials(
        &self,
        shop: ShopId,
        users: Vec<UserId>,
    ) -> Result<Vec<Credential>, StorageError> {
        not_implemented("find_credentials")
    }
}
