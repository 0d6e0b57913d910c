use async_trait::async_trait;

use crate::{NewSession, SecretHash, Session, ShopId, StorageError, Timestamp};

/// Stores the sessions of users in the console. Callers pass only shops that exist.
///
/// A session is live at `now` as [`SessionLife::is_live`](crate::SessionLife::is_live) says. The store
/// never reads the clock.
///
/// - **SESSION-1** A created session is found by the hash of its token while it is live, with its shop,
///   its user as `find_user` returns it, the user's present role, and its times.
/// - **SESSION-2** A session is not found from its end on: [`IDLE_MILLIS`](crate::SessionLife::IDLE_MILLIS)
///   after its last use, or [`MAX_MILLIS`](crate::SessionLife::MAX_MILLIS) after its creation.
/// - **SESSION-3** Noting a use of a live session moves its last use to this time. It never moves it
///   back. It does nothing to a session that has ended, is unknown, or is of another shop.
/// - **SESSION-4** Ending a session removes it. Other sessions stay. Ending an unknown one does nothing.
/// - **SESSION-5** A creation returns `false` and adds nothing if the user is not an active user of the
///   shop, if the user's password is not the given one, or if the shop is closed.
/// - **SESSION-6** A deactivation of the user, and closing the shop, end the sessions in the same
///   transaction. Setting a password does as well (CREDENTIAL-5). Activating the user or opening the shop
///   again restores none.
/// - **SESSION-7** A session of another shop is neither found nor ended, even one with the same hash.
/// - **SESSION-8** A user has at most [`Session::MAX_OF_USER`] sessions. A creation removes the sessions
///   of the user that are not live at its time. If there are still too many, it removes those that were
///   created first. Of the same time, it may remove any.
/// - **SESSION-9** If creations race with a deactivation of the user, with a new password, or with a
///   closing of the shop, no session of before is left afterwards. If creations race with each other,
///   SESSION-8 holds. Noting a use brings no session back that another call ends.
///
/// The failure of a creation with a hash that a session of the shop has is of the kind `Unexpected`. So
/// the rows of sessions are bounded by the users, and need no removal.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Adds a session. Returns whether it was added.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn create_session(&self, shop: ShopId, session: NewSession) -> Result<bool, StorageError>;

    /// Returns the session with this hash, if it is live at `now`.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_session(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<Option<Session>, StorageError>;

    /// Notes that the session was used at `now`.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn note_session_use(
        &self,
        shop: ShopId,
        token_hash: SecretHash,
        now: Timestamp,
    ) -> Result<(), StorageError>;

    /// Ends the session.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn end_session(&self, shop: ShopId, token_hash: SecretHash) -> Result<(), StorageError>;
}
