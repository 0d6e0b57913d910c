use async_trait::async_trait;

use crate::{
    AuditStamp, DeferredClaim, IdempotencyClaim, IdempotentOutcome, Page, PageSize, ShopId, StorageError,
    Ticket, TicketChanges, TicketFilter, TicketId, TicketPosition, TicketView,
};

/// One ticket to create, with the data to store in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketCreation {
    /// The complete ticket. It keeps the rules.
    pub ticket: Ticket,
    /// The actor and the time of the creation. The time is also the opening time of the human
    /// ticket and the time of the idempotency record.
    pub stamp: AuditStamp,
    /// The caller's idempotency key, if there is one.
    pub idempotency: Option<IdempotencyClaim>,
}

/// Outcome of one ticket of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateTicketOutcome {
    /// The ticket is on disk.
    Created,
    /// The key was used before for the same request. This is the response of the stored receipt.
    /// Nothing was written.
    Replayed(Vec<u8>),
    /// The key was used before for another request. Nothing was written.
    KeyReused,
    /// The first use of the key has not ended yet. Nothing was written.
    InProgress,
    /// The shop has no such customer. Nothing was written.
    CustomerNotFound,
    /// The shop has no such user. Nothing was written.
    AssigneeNotFound,
    /// The user is deactivated. Nothing was written.
    AssigneeDeactivated,
}

/// An update of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketUpdate {
    /// The requested changes. They keep the rules.
    pub changes: TicketChanges,
    /// The version that the ticket must have. If absent, any version is accepted.
    pub expected_version: Option<i64>,
    /// The actor and the time of the update. The human ticket opens or closes at this time.
    pub stamp: AuditStamp,
}

/// Outcome of updating a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateTicketOutcome {
    /// The ticket after the update.
    Updated(Box<TicketView>),
    /// The shop has no such ticket. Nothing was written.
    TicketNotFound,
    /// The ticket has another version than expected. Nothing was written.
    VersionMismatch,
    /// The shop has no such customer. Nothing was written.
    CustomerNotFound,
    /// The shop has no such user. Nothing was written.
    AssigneeNotFound,
    /// The user is deactivated. Nothing was written.
    AssigneeDeactivated,
}

/// Outcome of deleting a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteTicketOutcome {
    /// The ticket, its human ticket and its comments were deleted.
    Deleted,
    /// The shop has no such ticket.
    TicketNotFound,
    /// The ticket has another version than expected. Nothing was deleted.
    VersionMismatch,
}

/// Stores tickets, with their human tickets and idempotency records. Each item of a batch takes
/// effect in full, with its human ticket and its idempotency record, or not at all.
///
/// - **TICKET-1** A created ticket is found with every field as given. Times are exact to the
///   millisecond, and tags keep their order.
/// - **TICKET-2** A batch returns one outcome for each item, in the order of the items. An empty
///   batch returns no outcomes.
/// - **TICKET-3** If the customer of an item is not a customer of the item's shop, the outcome is
///   `CustomerNotFound`, and the item leaves no data.
/// - **TICKET-4** If the assignee of an item is not a user of the item's shop, the outcome is
///   `AssigneeNotFound`. If the user is deactivated, it is `AssigneeDeactivated`. The item leaves no
///   data.
/// - **TICKET-5** If customer and assignee are both missing, the outcome is `CustomerNotFound`.
/// - **TICKET-6** A refused item fails alone: the other tickets of the batch are created.
/// - **TICKET-7** A ticket created open has a human ticket. The human ticket is open since the time
///   of the creation, and has a number that no other human ticket of the shop has. A ticket created
///   closed has no human ticket.
/// - **TICKET-8** A ticket of another shop is not found.
/// - **TICKET-9** A ticket is found together with its customer and its assignee as they are stored.
/// - **TICKET-10** If a ticket of the shop already has the id of an item, the call fails. Nothing
///   of the batch is written, and the stored ticket stays as it was. If creations race for one id,
///   exactly one takes effect, and the others fail.
/// - **TICKET-11** One batch may hold items of several shops. Each item is checked against its own
///   shop.
/// - **TICKET-12** Batches that run at the same time all take effect, each item once.
///
/// A ticket is created with version 1. A ticket keeps and shows an assignee that is deactivated. If
/// the shop of an item does not exist, the outcome is `CustomerNotFound`. The failure of TICKET-10
/// is of the kind [`Unexpected`](crate::StorageErrorKind::Unexpected). An id is also taken if an
/// earlier item of the same batch has it. The id of a refused or replayed item is not checked. The
/// same id in another shop is another ticket.
///
/// # Lists and counts of tickets
///
/// - **TICKET-13** A list holds the shop's tickets that meet every condition of the filter, and no
///   other tickets. Each is as `find_ticket` returns it. An empty thread id matches no ticket.
/// - **TICKET-14** A list is in order of `last_message_time`, latest first. Tickets with the same
///   time are in order of id, largest first.
/// - **TICKET-15** Following `next` from page to page returns every ticket of the list once. Each
///   page except the last is full. The last page has no `next`.
/// - **TICKET-16** A count is the length of the whole list with the same filter, or `at_most` if that is
///   less. The store stops counting there.
///
/// Every condition of a [`TicketFilter`] is optional. A ticket must have all given tags, and one of the
/// given channels, assignees and contact reasons. Texts are compared character for character. A range
/// of time includes its beginning and excludes its end. A list may start after a position that no ticket has. "Once" holds
/// for a list that does not change between the pages: a ticket moves when its last message changes.
///
/// # Updates and deletions of tickets
///
/// - **TICKET-26** A ticket keeps the message that it was created with. When another message or
///   another time first replaces it as the last one, its `last_message` and its `last_message_time`
///   become the `initial_message`. From then on `initial_message` does not change.
///
/// In [`TicketChanges`](crate::TicketChanges), `None` keeps a value and `Some(None)` clears it. An
/// update is empty if the ticket already has every value that it sets.
///
/// - **TICKET-17** An update sets the given values and changes nothing else of the ticket. It
///   raises the version by one. It returns the ticket as `find_ticket` returns it from then on.
/// - **TICKET-18** An empty update changes nothing, including the version.
/// - **TICKET-19** An update to `is_opened: true` opens the human ticket at the update's time. A
///   ticket without a human ticket gets a new one. A closed human ticket is reopened with the same
///   number. An update to `is_opened: false` closes an open human ticket at the update's time. A
///   human ticket that is already open, or already closed, stays as it is.
/// - **TICKET-20** If the ticket is not the shop's, an update or deletion returns `TicketNotFound`.
///   If it expects another version than the ticket's, it returns `VersionMismatch`. In both cases
///   nothing changes.
/// - **TICKET-21** If the new assignee is not a user of the shop, an update returns
///   `AssigneeNotFound`. If the user is deactivated, it returns `AssigneeDeactivated`. In both cases
///   nothing changes. The checks of TICKET-20 come first.
/// - **TICKET-29** An update to another customer moves the ticket to that customer, with its comments
///   and their history: an erasure of the new customer erases the ticket, its comments and all their
///   snapshots, and an erasure of the former customer none of these. If the new customer is not the
///   shop's, an update returns `CustomerNotFound` and changes nothing. This check comes after those of
///   TICKET-20 and before that of TICKET-21.
/// - **TICKET-30** If an update that moves a ticket races with a merge or an erasure of the former or of
///   the new customer, either takes effect before the other. So a ticket always has a customer, or is
///   erased with its customer. Neither call fails because of the other.
/// - **TICKET-22** An update with a [`DeferredClaim`] meets the obligations of
///   [`IdempotentOutcome`].
/// - **TICKET-23** A deletion removes the ticket, its human ticket and its comments, and nothing
///   else.
/// - **TICKET-24** If updates and deletions with the same expected version race, exactly one takes
///   effect. If deletions without an expected version race, exactly one returns `Deleted`.
/// - **TICKET-25** Once the deactivation of a user has returned, the user becomes the assignee of no
///   further ticket. This holds even for creations and updates that began before.
///
/// An update that keeps the assignee, or sets the same, takes effect even if the assignee is now
/// inactive. An empty update checks the expected version, returns `Updated` and leaves an
/// idempotency record. A reopened human ticket is open since the reopening, not since it was first
/// opened.
///
/// The ids of a deleted ticket and its comments are free. A new ticket with such an id has none of
/// the old data. Idempotency records stay: a request that created or changed the deleted ticket is
/// still replayed. The number of the deleted human ticket may be used again. The numbers of other
/// human tickets, including closed ones, may not.
///
/// # Idempotency keys of new tickets
///
/// The record of a key is written in the transaction of its ticket. It belongs to a shop, an
/// operation and a key, and holds the fingerprint of the request and the receipt.
///
/// - **IDEMPOTENCY-1** The outcome of an item with the same key and the same fingerprint is
///   `Replayed` with the first receipt, byte for byte. Nothing is written.
/// - **IDEMPOTENCY-2** The outcome of an item with the same key and another fingerprint is
///   `KeyReused`. Nothing is written.
/// - **IDEMPOTENCY-3** Keys of different shops, or of different operations, are independent.
/// - **IDEMPOTENCY-4** A refused item leaves no record. Its key is free for another attempt.
/// - **IDEMPOTENCY-5** If one batch holds the same key twice, the first item takes effect. The
///   second has the outcome that it would have in a later batch.
/// - **IDEMPOTENCY-6** A recorded key determines the outcome before customer and assignee are
///   checked.
/// - **IDEMPOTENCY-7** If items with the same key and fingerprint race, exactly one returns
///   `Created`. The others return `Replayed` or `InProgress`.
///
/// Keys and operations are compared character for character. Fingerprints are compared in all 32
/// bytes.
#[async_trait]
pub trait TicketStore: Send + Sync {
    /// Creates the tickets of a batch. Each item takes effect in full, with its human ticket and
    /// its idempotency record, or not at all.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails. Nothing of the batch was written then, unless the kind
    /// is [`OutcomeUnknown`](crate::StorageErrorKind::OutcomeUnknown).
    async fn create_tickets(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError>;

    /// Returns the shop's ticket with this id.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_ticket(&self, shop: ShopId, id: TicketId) -> Result<Option<TicketView>, StorageError>;

    /// Returns the shop's tickets that meet the filter, after this position in the list: a page of
    /// this size.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_tickets(
        &self,
        shop: ShopId,
        filter: TicketFilter,
        after: Option<TicketPosition>,
        size: PageSize,
    ) -> Result<Page<TicketView, TicketPosition>, StorageError>;

    /// Updates the shop's ticket.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn update_ticket(
        &self,
        shop: ShopId,
        id: TicketId,
        update: TicketUpdate,
        claim: Option<DeferredClaim<UpdateTicketOutcome>>,
    ) -> Result<IdempotentOutcome<UpdateTicketOutcome>, StorageError>;

    /// Deletes the shop's ticket. If `expected_version` is given, the ticket must have it.
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

    /// Returns the number of the shop's tickets that meet the filter, counting `at_most` of them.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn count_tickets(
        &self,
        shop: ShopId,
        filter: TicketFilter,
        at_most: u64,
    ) -> Result<u64, StorageError>;
}
