use async_trait::async_trait;

use crate::{
    AuditStamp, DeferredClaim, IdempotentOutcome, NewUser, Page, PageSize, ShopId, StorageError, User,
    UserChanges, UserFilter, UserId,
};

/// Outcome of creating a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateUserOutcome {
    /// The user was added.
    Created(User),
    /// The shop has a user with this e-mail address. Nothing changed.
    EmailTaken(User),
    /// The shop has another user with the requested number. Nothing changed.
    IdTaken,
}

/// An update of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserUpdate {
    /// The requested changes. They keep the rules.
    pub changes: UserChanges,
    /// The actor and the time of the update. A deactivation sets `deactivated_at` to this time.
    pub stamp: AuditStamp,
}

/// Outcome of updating a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateUserOutcome {
    /// The user after the update.
    Updated(User),
    /// The shop has no such user.
    UserNotFound,
    /// Another user of the shop has the e-mail address. Nothing changed.
    EmailTaken,
}

/// Stores the users (staff) of shops. Callers pass only shops that exist.
///
/// A user is active until it is deactivated. A deactivated user is still found and listed. It stays
/// the assignee of its tickets and the author of its comments, and may be the author of new
/// comments. It cannot become the assignee of a ticket (TICKET-4, TICKET-21) or the user of a key
/// (KEY-7).
///
/// - **USER-1** A created user is active and has a number from 1 to 2^53−1 that no other user of
///   the shop has. It is found with every field as given.
/// - **USER-2** If a user of the shop has the same e-mail address, a creation returns `EmailTaken`
///   with that user and changes nothing. Addresses are equal if [`fold_email`](crate::fold_email)
///   returns the same text for both.
/// - **USER-3** A user of another shop is never found and never causes a conflict.
/// - **USER-4** A requested number is kept. Numbers that the store assigns later in the shop are
///   larger.
/// - **USER-5** If a requested number is taken and the e-mail address is free, a creation returns
///   `IdTaken` and changes nothing.
/// - **USER-6** A creation or update with a [`DeferredClaim`] meets the obligations of
///   [`IdempotentOutcome`].
/// - **USER-7** A list holds the shop's users that meet the filter, and no other users. Each is as
///   `find_user` returns it. The list is in order of number, smallest first. Following `next` from
///   page to page returns every user of the list once. Each page except the last is full. The last
///   page has no `next`. A count is the length of the whole list with the same filter.
/// - **USER-8** An update sets the given values and changes nothing else of the user. It returns
///   the user as `find_user` returns it from then on. A deactivation sets `deactivated_at` to the
///   update's time, unless the user is already deactivated. An activation clears it.
/// - **USER-9** If the user is not the shop's, an update returns `UserNotFound`. If another user of
///   the shop has the new e-mail address, compared as in USER-2, it returns `EmailTaken`. In both
///   cases nothing changes.
/// - **USER-10** A deactivation also revokes, at the same time, every key that writes in the user's
///   name and is not revoked yet. This holds even if the user was already inactive. Afterwards no
///   such key is left unrevoked, even if other calls race with the deactivation. Activating the
///   user again restores no key.
/// - **USER-11** The numbers that the store assigns in a shop are the same whatever other shops do.
/// - **USER-12** If creations and updates race for one e-mail address, exactly one returns `Created` or
///   `Updated`, and the others return `EmailTaken`. If creations race for one requested number, exactly
///   one returns `Created`, and the others return `IdTaken`.
/// - **USER-13** Updates of one user that run at the same time take effect one after another. Each
///   keeps the changes of those before it. Of several deactivations, the first sets the time and
///   revokes the keys.
/// - **USER-14** A filter with an e-mail address selects the user who has it, compared as in USER-2.
///
/// A creation without a number fails once the largest number is in use. A list may start after a
/// number that no user has. A user's own e-mail address never counts as taken, in any spelling. In
/// [`UserChanges`], `None` keeps a value and `Some(None)` clears it. An update is empty if the user
/// already has every value that it sets. It returns `Updated` with the user, changes nothing of the
/// user, and leaves an idempotency record, too.
///
/// A key that was revoked before keeps its time of revocation. An expired key is revoked, too. If
/// the creation or rotation of a key races with a deactivation, the key is revoked with the others
/// or the call is refused. Both calls must lock the same row or conflict in another way. A store
/// with one writer meets this part of USER-10 without a lock.
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
        claim: Option<DeferredClaim<CreateUserOutcome>>,
    ) -> Result<IdempotentOutcome<CreateUserOutcome>, StorageError>;

    /// Returns the shop's user with this number.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_user(&self, shop: ShopId, id: UserId) -> Result<Option<User>, StorageError>;

    /// Returns the shop's users that meet the filter, after this one in the list: a page of this
    /// size.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_users(
        &self,
        shop: ShopId,
        filter: UserFilter,
        after: Option<UserId>,
        size: PageSize,
    ) -> Result<Page<User, UserId>, StorageError>;

    /// Returns the number of the shop's users that meet the filter.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn count_users(&self, shop: ShopId, filter: UserFilter) -> Result<u64, StorageError>;

    /// Updates the shop's user.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn update_user(
        &self,
        shop: ShopId,
        id: UserId,
        update: UserUpdate,
        claim: Option<DeferredClaim<UpdateUserOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateUserOutcome>, StorageError>;
}
