use async_trait::async_trait;

use crate::{
    AuditStamp, Credential, LinkHolder, NewLink, Password, PasswordHash, Role, SecretHash, ShopId,
    StorageError, Timestamp, Token, User, UserId,
};

/// Outcome of creating a link, or of setting a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialOutcome {
    /// The user has the link or the role.
    Done(User),
    /// The shop has no such active user, or is closed. Nothing changed.
    UserNotFound,
    /// The user was never invited, so it has no role. Nothing changed.
    NotInvited,
}

/// Stores how users sign in to the console: roles, hashes of passwords, and one-time links. Callers
/// pass only shops that exist.
///
/// - **CREDENTIAL-1** A link is found by the hash of its token before its end, with its shop, its user
///   and the user's role. It is not found from its end on.
/// - **CREDENTIAL-2** A new link of a user replaces the user's former link, which is not found any more.
///   Links of other users stay.
/// - **CREDENTIAL-3** A link or a role for a user that is not an active user of the shop, or in a closed
///   shop, returns `UserNotFound`. A link without a role, or a role, for a user who has no role returns
///   `NotInvited`. In both cases nothing changes.
/// - **CREDENTIAL-4** A link with a role gives the user that role at once. A link without one keeps the
///   role. Neither changes the password.
/// - **CREDENTIAL-5** Setting a password with a link stores the hash and returns the user. It removes
///   the link, and ends every session of the user. The role stays.
/// - **CREDENTIAL-6** Setting a password returns `None` and changes nothing if the link is not found at
///   the time of the stamp: it is unknown, used, replaced or ended, it is of another shop, its user is
///   deactivated, or its shop is closed.
/// - **CREDENTIAL-7** The credential of a user is found by the e-mail address, compared as in USER-2,
///   with the user. It has the role, the hash of the password and the latest link. It is found even if the
///   user is deactivated. The credential of another shop is never found. A user without a role has none.
/// - **CREDENTIAL-8** Deactivating a user removes the user's link, and closing a shop removes the links of
///   its users, in the same transaction. Activating the user or opening the shop again restores no link.
/// - **CREDENTIAL-9** Creating a link appends one `UserInvited`, and setting a password one
///   `UserPasswordSet`. Setting a role appends one `UserRoleChanged`, unless the user has it. The
///   snapshots are the user. EVENT-8 and EVENT-9 hold.
/// - **CREDENTIAL-10** If calls race to set a password with one link, exactly one takes effect. If the
///   creation of a link races with a deactivation of the user or a closing of the shop, no link is left.
///   Passwords, roles and sign-ins of a user that race take effect one after another: each keeps what the
///   others changed.
/// - **CREDENTIAL-11** The credentials of several users are those of CREDENTIAL-7, one for each of these
///   users of the shop who has a role, in any order. A user who is named twice counts once.
/// - **CREDENTIAL-12** Adding a session of a user (SESSION-1) sets `signed_in_at` to its creation, unless
///   it is later. A refused session changes nothing. A link, a password and a role keep it, and so does
///   the end of a session.
///
/// The store keeps no token and no password. It keeps a hash byte for byte.
#[async_trait]
pub trait CredentialStore: Send + Sync {
    /// Gives a user a link, and a role if it is given.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn create_link(&self, shop: ShopId, link: NewLink) -> Result<CredentialOutcome, StorageError>;

    /// Returns the holder of the link with this hash, if it works at `now`.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_link(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<LinkHolder>, StorageError>;

    /// Sets the password of the user of this link, and ends the user's sessions. Returns the user.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn set_password(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        password: PasswordHash,
        stamp: AuditStamp,
    ) -> Result<Option<User>, StorageError>;

    /// Gives a user who has a role another role.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn set_role(
        &self,
        shop: ShopId,
        user: UserId,
        role: Role,
        stamp: AuditStamp,
    ) -> Result<CredentialOutcome, StorageError>;

    /// Returns the user of the shop with this e-mail address, and the credential.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_credential(
        &self,
        shop: ShopId,
        email: String,
    ) -> Result<Option<(User, Credential)>, StorageError>;

    /// Returns the credentials of these users of the shop.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_credentials(
        &self,
        shop: ShopId,
        users: Vec<UserId>,
    ) -> Result<Vec<Credential>, StorageError>;
}

/// Hashes passwords, slowly on purpose.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Returns the hash of a password. Hashing it again returns another hash.
    ///
    /// # Errors
    /// If the operating system has no random bytes, or no memory is left.
    async fn hash(&self, password: Password) -> anyhow::Result<PasswordHash>;

    /// Returns whether the hash is of this password. Without a hash or a password, returns `false` after
    /// the same time.
    ///
    /// # Errors
    /// If no memory is left, or the hash is not one of this hasher.
    async fn verify(&self, password: Option<Password>, hash: Option<PasswordHash>) -> anyhow::Result<bool>;
}

/// Makes tokens from random bytes, and hashes them. Nothing else makes tokens.
pub trait TokenSource: Send + Sync {
    /// Returns a new token of the shop.
    ///
    /// # Errors
    /// If the operating system has no random bytes.
    fn new_token(&self, shop: ShopId) -> anyhow::Result<Token>;

    /// Returns the SHA-256 of a token's random bytes.
    fn hash(&self, token: &Token) -> SecretHash;
}
