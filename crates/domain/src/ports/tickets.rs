use async_trait::async_trait;

use crate::{
    AuditStamp, DeferredClaim, IdempotencyClaim, IdempotentOutcome, Page, ShopId, StorageError, Ticket,
    TicketChanges, TicketFilter, TicketId, TicketPosition, TicketView,
};

/// One ticket to create, with what must be stored in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketCreation {
    /// The ticket, complete and checked.
    pub ticket: Ticket,
    /// Who creates it, and when: the opening time of its human ticket and the time of its
    /// idempotency record.
    pub stamp: AuditStamp,
    /// The caller's idempotency key, if it named one.
    pub idempotency: Option<IdempotencyClaim>,
}

/// What became of one ticket of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateTicketOutcome {
    /// It is stored, and on disk.
    Created,
    /// The key was used before for the same request: the answer of the receipt kept then.
    /// Nothing was written.
    Replayed(Vec<u8>),
    /// The key was used before for another request. Nothing was written.
    KeyReused,
    /// The first use of the key has not ended yet. Nothing was written.
    InProgress,
    /// The shop has no such customer. Nothing was written.
    CustomerNotFound,
    /// The shop has no such active user. Nothing was written.
    AssigneeNotFound,
}

/// A change of one ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketUpdate {
    /// What is to be otherwise, checked.
    pub changes: TicketChanges,
    /// The version that the ticket must still have; any if absent.
    pub expected_version: Option<i64>,
    /// Who changes it, and when: the time at which its human ticket opens or closes.
    pub stamp: AuditStamp,
}

/// What became of a ticket's change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateTicketOutcome {
    /// The ticket as it is now.
    Updated(Box<TicketView>),
    /// The shop has no such ticket. Nothing was written.
    TicketNotFound,
    /// The ticket has another version than expected. Nothing was written.
    VersionMismatch,
    /// The shop has no such active user. Nothing was written.
    AssigneeNotFound,
}

/// What became of a ticket's deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteTicketOutcome {
    /// It is gone, with its human ticket and its comments.
    Deleted,
    /// The shop has no such ticket.
    TicketNotFound,
    /// The ticket has another version than expected. Nothing was deleted.
    VersionMismatch,
}

/// Keeps tickets, with their human tickets and idempotency records. An item of a batch takes
/// effect as a whole, with its human ticket and its idempotency record, or not at all.
///
/// - **TICKET-1** A created ticket is found with every field as it was handed in, times
///   to the millisecond and the order of tags included.
/// - **TICKET-2** A batch answers one outcome for each item, in the order of the items;
///   an empty batch answers none.
/// - **TICKET-3** An item whose customer is not one of its shop answers
///   `CustomerNotFound` and leaves nothing.
/// - **TICKET-4** An item whose assignee is not an active user of its shop answers
///   `AssigneeNotFound` and leaves nothing.
/// - **TICKET-5** If both are missing, `CustomerNotFound` wins.
/// - **TICKET-6** A refused item fails alone: its neighbours in the batch are created.
/// - **TICKET-7** A ticket created open has a human ticket, open since its creation's time, with
///   a number that no other human ticket of the shop has; one created closed has none.
/// - **TICKET-8** Another shop's ticket is not found.
/// - **TICKET-9** A ticket is found together with its customer and assignee, as they are
///   stored.
/// - **TICKET-10** An id that the shop's tickets have already makes the call fail and
///   leaves the whole batch unwritten and the stored ticket as it was.
/// - **TICKET-11** One batch may hold items of several shops; each is held to its own.
/// - **TICKET-12** Batches that run at the same time all take effect, each item once.
///
/// A ticket is created with version 1. It keeps an assignee who is deactivated, and
/// shows it. An item of a shop that does not exist is refused with `CustomerNotFound`.
/// The failure of TICKET-10 is of the kind
/// [`Unexpected`](crate::StorageErrorKind::Unexpected); an id of an earlier item of the
/// same batch is taken, too. The id of an item that is refused or replayed is not
/// checked. The same id in another shop is another ticket.
///
/// # Lists and counts of tickets
///
/// - **TICKET-13** A list holds the shop's tickets that meet every condition of the filter,
///   and no other's, each as `find_ticket` answers it; an empty thread id matches none.
/// - **TICKET-14** A list is in order of `last_message_time`, latest first, and of the id,
///   largest first, where that is the same.
/// - **TICKET-15** Following `next` from page to page answers every ticket of the list
///   once, `limit` on each page but the last; the last has no `next`.
/// - **TICKET-16** A count is the length of the whole list of the same filter.
///
/// Every condition of a [`TicketFilter`] is optional. Texts are compared character for
/// character. A range of time includes its beginning and excludes its end. A condition
/// on a thread names the customer of the thread. A list may start after the place of no
/// ticket. "Once" holds for a list that does not change between the pages: a ticket
/// moves when its last message changes.
///
/// # Updates and deletions of tickets
///
/// In [`TicketChanges`](crate::TicketChanges), `None` leaves a value and `Some(None)`
/// removes it.
///
/// - **TICKET-17** An update changes what it says and nothing else of the ticket, raises
///   the version by one, and answers the ticket as `find_ticket` does from then on.
/// - **TICKET-18** An update that says nothing changes nothing, the version included.
/// - **TICKET-19** An update to opened gives the ticket a human ticket, open since
///   the update's time: a new one, or the closed one it had, open again under its number; an
///   update to not opened closes an open one at that time. One that is open, or closed,
///   already stays as it is.
/// - **TICKET-20** An update or deletion that expects another version than the ticket's
///   answers `VersionMismatch`, and one of a ticket that is not the shop's
///   `TicketNotFound`; nothing changes.
/// - **TICKET-21** An update to an assignee who is not an active user of the shop answers
///   `AssigneeNotFound`, after TICKET-20, and changes nothing.
/// - **TICKET-22** An update with a [`DeferredClaim`] meets the obligations of [`IdempotentOutcome`].
/// - **TICKET-23** A deletion takes the ticket, its human ticket and its comments away, and
///   nothing else.
/// - **TICKET-24** Of updates that race with the same expected version exactly one answers
///   `Updated`.
///
/// An update that leaves the assignee alone takes effect even if the assignee is
/// inactive by now; an update to the same inactive assignee is refused. An update to
/// the same values raises the version. An update that says nothing checks the expected
/// version, returns `Updated` and leaves an idempotency record. A reopened human ticket
/// is open since then, not since it was first.
///
/// The id of a deleted ticket and those of its comments are free, and a new ticket of
/// such an id has nothing of the old one. Idempotency records stay: a request that
/// created or changed the deleted ticket is still replayed. The number of the deleted
/// human ticket may be used again; those of other human tickets, closed ones included,
/// may not.
///
/// # Idempotency keys of new tickets
///
/// The record of a key is written in the transaction of its ticket. It belongs to a shop, an
/// operation and a key, and holds the fingerprint of the request and the receipt.
///
/// - **IDEMPOTENCY-1** The same key with the same fingerprint answers `Replayed` with the
///   first receipt, byte for byte, and writes nothing.
/// - **IDEMPOTENCY-2** The same key with another fingerprint answers `KeyReused` and
///   writes nothing.
/// - **IDEMPOTENCY-3** Keys of different shops or different operations have nothing to do
///   with each other.
/// - **IDEMPOTENCY-4** A refused item leaves no record: its key is free for another try.
/// - **IDEMPOTENCY-5** The same key twice in one batch: the first item takes effect, the
///   second answers as if it came later.
/// - **IDEMPOTENCY-6** A recorded key answers before customer and assignee are looked at.
/// - **IDEMPOTENCY-7** Of items that race with the same key and fingerprint exactly one
///   answers `Created`; the others answer `Replayed` or `InProgress`.
///
/// Keys and operations are compared character for character, fingerprints in all of
/// their 32 bytes.
#[async_trait]
pub trait TicketStore: Send + Sync {
    /// Creates the tickets of a batch. Each item takes effect as a whole, with its human
    /// ticket and idempotency record, or not at all.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails. Unless its kind is
    /// [`OutcomeUnknown`](crate::StorageErrorKind::OutcomeUnknown), nothing of the batch
    /// was written.
    async fn create_tickets(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError>;

    /// The shop's ticket of this id.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_ticket(&self, shop: ShopId, id: TicketId) -> Result<Option<TicketView>, StorageError>;

    /// The shop's tickets that the filter lets through, after this place in the list:
    /// at most `limit`, which is 1 to [`MAX_PAGE_ENTRIES`](crate::limits::MAX_PAGE_ENTRIES).
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_tickets(
        &self,
        shop: ShopId,
        filter: TicketFilter,
        after: Option<TicketPosition>,
        limit: u32,
    ) -> Result<Page<TicketView, TicketPosition>, StorageError>;

    /// Changes the shop's ticket.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn update_ticket(
        &self,
        shop: ShopId,
        id: TicketId,
        update: TicketUpdate,
        once: Option<DeferredClaim<UpdateTicketOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateTicketOutcome>, StorageError>;

    /// Deletes the shop's ticket, if it still has `expected_version` where one is given.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn delete_ticket(
        &self,
        shop: ShopId,
        id: TicketId,
        expected_version: Option<i64>,
        stamp: AuditStamp,
    ) -> Result<DeleteTicketOutcome, StorageError>;

    /// How many tickets of the shop the filter lets through.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn count_tickets(&self, shop: ShopId, filter: TicketFilter) -> Result<u64, StorageError>;
}
