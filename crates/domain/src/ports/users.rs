use async_trait::async_trait;

use crate::{NewUser, ShopId, StorageError, User, UserId};

/// What became of a user's creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateUserOutcome {
    /// It was added.
    Created(User),
    /// The shop has a user with this e-mail address; nothing changed.
    EmailTaken(User),
    /// The shop has another user with the number asked for; nothing changed.
    IdTaken,
}

/// Keeps the users (staff) of shops. The shop handed in must exist.
///
/// - **USER-1** A created user has a number from 1 to 2^53−1 that no other user of the
///   shop has, and is found with every field as it was handed in.
/// - **USER-2** Creating a user whose e-mail address a user of the shop has, compared as
///   [`fold_email`](crate::fold_email) does, answers `EmailTaken` with that user and
///   changes nothing.
/// - **USER-3** Another shop's user is never found and never in the way.
/// - **USER-4** A number that is asked for is kept, and the numbers handed out later in
///   the shop are larger.
/// - **USER-5** A number that is asked for and taken, when the e-mail address is free,
///   answers `IdTaken` and changes nothing.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Adds a user.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn create_user(&self, shop: ShopId, user: NewUser) -> Result<CreateUserOutcome, StorageError>;

    /// The shop's user of this number.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_user(&self, shop: ShopId, id: UserId) -> Result<Option<User>, StorageError>;
}
