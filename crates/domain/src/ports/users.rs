use async_trait::async_trait;

use crate::{
    AuditStamp, DeferredClaim, IdempotentOutcome, NewUser, Page, ShopId, StorageError, User, UserChanges,
    UserFilter, UserId,
};

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

/// A change of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserUpdate {
    /// What is to be otherwise, checked.
    pub changes: UserChanges,
    /// Who changes it, and when: the time since which a user is deactivated.
    pub stamp: AuditStamp,
}

/// What became of a user's change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateUserOutcome {
    /// The user as it is now.
    Updated(User),
    /// The shop has no such user.
    UserNotFound,
    /// Another user of the shop has the e-mail address; nothing changed.
    EmailTaken,
}

/// Keeps the users (staff) of shops. The shop handed in must exist. A user is active until
/// it is deactivated. A deactivated user is still found and listed, stays the assignee of its
/// tickets and the author of its comments, and may be the author of new ones. It becomes the
/// assignee of no ticket (TICKET-4, TICKET-21) and the user of no key (KEY-7).
///
/// - **USER-1** A created user has a number from 1 to 2^53−1 that no other user of the
///   shop has, is active, and is found with every field as it was handed in.
/// - **USER-2** Creating a user whose e-mail address a user of the shop has, compared as
///   [`fold_email`](crate::fold_email) does, answers `EmailTaken` with that user and
///   changes nothing.
/// - **USER-3** Another shop's user is never found and never in the way.
/// - **USER-4** A number that is asked for is kept, and the numbers handed out later in
///   the shop are larger.
/// - **USER-5** A number that is asked for and taken, when the e-mail address is free,
///   answers `IdTaken` and changes nothing.
/// - **USER-6** Creating and updating a user with a [`DeferredClaim`] meet the obligations of
///   [`IdempotentOutcome`].
/// - **USER-7** A list holds the shop's users that the filter lets through, and no other's,
///   each as `find_user` answers it, in order of number. Following `next` from page to page
///   answers each once, `limit` on each page but the last; the last has no `next`. A count
///   is the length of the whole list of the same filter.
/// - **USER-8** An update changes what it says and nothing else of the user, and answers it
///   as `find_user` does from then on. One that deactivates sets `deactivated_at` to
///   the update's time, unless the user is deactivated already; one that activates clears it.
/// - **USER-9** An update of a user that is not the shop's answers `UserNotFound`, one to an
///   e-mail address that another user of the shop has, compared as in USER-2, `EmailTaken`.
///   Nothing changes then.
/// - **USER-10** Deactivating a user revokes at the same time every key that writes in its
///   name and is not revoked yet, whether or not the user was active before; whatever races
///   with it, no such key is left that is not revoked. Activating the user again brings no
///   key back.
///
/// A creation without a number fails once the largest number is in use. A list may
/// start after the place of no user. A user's own address is not taken, in any
/// spelling. In [`UserChanges`], `None` leaves a value and `Some(None)` removes it.
///
/// A key that was revoked before keeps its time of revocation; an expired key is
/// revoked, too. If the creation or rotation of a key races with a deactivation, the
/// key is revoked with the others or refused: both calls must lock the same row or
/// conflict in another way.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Adds a user.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn create_user(
        &self,
        shop: ShopId,
        user: NewUser,
        once: Option<DeferredClaim<CreateUserOutcome>>,
    ) -> Result<IdempotentOutcome<CreateUserOutcome>, StorageError>;

    /// The shop's user of this number.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_user(&self, shop: ShopId, id: UserId) -> Result<Option<User>, StorageError>;

    /// The shop's users that the filter lets through, after this one in the list: at most
    /// `limit`, which is 1 to [`MAX_PAGE_ENTRIES`](crate::limits::MAX_PAGE_ENTRIES).
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_users(
        &self,
        shop: ShopId,
        filter: UserFilter,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Page<User, UserId>, StorageError>;

    /// How many users of the shop the filter lets through.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn count_users(&self, shop: ShopId, filter: UserFilter) -> Result<u64, StorageError>;

    /// Changes the shop's user.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn update_user(
        &self,
        shop: ShopId,
        id: UserId,
        update: UserUpdate,
        once: Option<DeferredClaim<UpdateUserOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateUserOutcome>, StorageError>;
}
