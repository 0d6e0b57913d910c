use async_trait::async_trait;

use crate::{Event, EventPosition, Page, ShopId, StorageError};

/// Reads the log of events. Every method of the ports that changes something of a shop's
/// appends to it, in the transaction of the change, exactly one event for each thing that it
/// changed. Each of these methods is handed an [`AuditStamp`](crate::AuditStamp). Shops
/// themselves are the operator's affair and have no events.
///
/// - **EVENT-1** Creating a ticket appends one `TicketCreated` for each ticket created.
/// - **EVENT-2** Updating a ticket appends one `TicketUpdated`; deleting one a
///   `TicketDeleted` and a `CommentDeleted` for each of its comments.
/// - **EVENT-3** Creating a comment appends one `CommentCreated` and one `TicketUpdated`.
/// - **EVENT-4** Creating a customer appends one `CustomerCreated`, updating it one
///   `CustomerUpdated`.
/// - **EVENT-5** Erasing a customer appends one `CustomerErased`, and a `TicketDeleted` and a
///   `CommentDeleted` for each of its tickets and their comments.
/// - **EVENT-6** Creating a user appends one `UserCreated`, updating it one `UserUpdated`, and
///   one `ApiKeyRevoked` for each key that is revoked with it.
/// - **EVENT-7** Creating a key appends one `ApiKeyCreated`, revoking it one `ApiKeyRevoked`,
///   and rotating it one `ApiKeyRotated` for the old and one `ApiKeyCreated` for the new.
/// - **EVENT-8** What is refused or replayed, what changes nothing (an update that says
///   nothing, revoking what is revoked) and what only reads append nothing.
/// - **EVENT-9** An event says whose command it was and when, as its
///   [`AuditStamp`](crate::AuditStamp) was handed in.
/// - **EVENT-10** An event has a snapshot: the thing as it is found right after the change,
///   of a batch right after its item; one of what was deleted or erased has none.
/// - **EVENT-11** Erasing a customer takes the snapshots away of every event that holds data
///   of that customer, of tickets and comments deleted before too, and nothing else of any
///   event.
/// - **EVENT-12** The log holds the shop's events and no other's. Following `next` from page
///   to page answers each once, `limit` on each page but the last; the last has no `next`.
/// - **EVENT-13** The events of a command that began after another was answered stand after
///   that one's.
/// - **EVENT-14** Whatever runs at the same time, no event ever appears at or before a place
///   that was listed: who reads on from the last event they have seen misses none. A store
///   may hold an event back, with all after it, while a change is running that began before
///   that event's did.
///
/// The store chooses the numbers of an event's place. The events of one command are in
/// any order, and so are those of the items of a batch and of commands that ran at the
/// same time, even on one thing: of two snapshots of a ticket the one with the larger
/// version is the later one.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// The shop's events after this one in the log, oldest first: at most `limit`, which is 1
    /// to [`MAX_PAGE_ENTRIES`](crate::limits::MAX_PAGE_ENTRIES).
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_events(
        &self,
        shop: ShopId,
        after: Option<EventPosition>,
        limit: u32,
    ) -> Result<Page<Event, EventPosition>, StorageError>;
}
