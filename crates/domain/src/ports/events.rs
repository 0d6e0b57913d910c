use async_trait::async_trait;

use crate::{Event, EventFilter, EventPosition, EventsRemoved, Page, PageSize, ShopId, StorageError};

/// Reads the event log. Every method of the ports that changes a shop's data appends to the shop's
/// log, in the transaction of the change. It appends exactly one event for each resource that it
/// changed. Each of these methods receives an [`AuditStamp`](crate::AuditStamp). Creating a shop has
/// no event.
///
/// - **EVENT-1** Creating tickets appends one `TicketCreated` for each created ticket.
/// - **EVENT-2** Updating a ticket appends one `TicketUpdated`. Deleting a ticket appends one
///   `TicketDeleted`, and one `CommentDeleted` for each of its comments.
/// - **EVENT-3** Creating a comment appends one `CommentCreated` and one `TicketUpdated`. Updating a
///   comment appends one `CommentUpdated` and one `TicketUpdated`. Deleting a comment appends one
///   `CommentDeleted` and one `TicketUpdated`.
/// - **EVENT-4** Creating a customer appends one `CustomerCreated`. Updating a customer appends one
///   `CustomerUpdated`. So does a creation that fills in what an existing customer lacks.
/// - **EVENT-5** Erasing a customer appends one `CustomerErased`, one `TicketDeleted` for each of
///   its tickets, and one `CommentDeleted` for each of their comments.
/// - **EVENT-6** Creating a user appends one `UserCreated`. Updating a user appends one
///   `UserUpdated`, and one `ApiKeyRevoked` for each key that the update revokes.
/// - **EVENT-7** Creating a key appends one `ApiKeyCreated`. Revoking a key appends one
///   `ApiKeyRevoked`. Rotating a key appends one `ApiKeyRotated` for the old key and one
///   `ApiKeyCreated` for the new key.
/// - **EVENT-8** A refused or replayed command or item appends nothing. A command that changes
///   nothing appends nothing: an empty update, or revoking a revoked key. A read appends nothing.
/// - **EVENT-9** An event holds the actor, the time and the request id of its command, as given in
///   the [`AuditStamp`](crate::AuditStamp).
/// - **EVENT-10** An event has a snapshot: the resource as it is found right after the change. In a
///   batch, this is right after its item. The event of a deletion or an erasure has no snapshot.
///   COMMENT-19 and EVENT-11 remove snapshots later.
/// - **EVENT-11** Erasing a customer removes the snapshot of every event that holds data of that
///   customer. This includes events of tickets and comments that were deleted before. Nothing else
///   of any event is removed.
/// - **EVENT-12** The log holds the shop's events and no other events. Following `next` from page
///   to page returns every event once. Each page except the last is full. The last page has no
///   `next`.
/// - **EVENT-13** If a command begins after another has returned, its events come after the other's
///   events in the log.
/// - **EVENT-14** No event ever appears at or before a position that was already listed, even if
///   commands run at the same time. So a reader that continues after the last event it has seen
///   misses no event. A store may hold back an event, and all events after it. It may do so while a
///   change is running that began before that event's change.
/// - **EVENT-15** A log begins after the last event that retention removed. The beginning moves in
///   the transaction of the removal. A list that starts before the beginning returns
///   [`EventsRemoved`] with the position of the last removed event. A list that starts there, after
///   it, or without a position returns the events that are left. So no list skips an event, even if
///   events are removed at the same time.
/// - **EVENT-16** The end of a log is a position at or before which no event appears any more. Every
///   event that was listed before is at or before it. A list can start there, even if every event
///   was removed.
///
/// - **EVENT-17** A list with conditions holds only events that meet all of them. It looks at no more
///   than the next [`EventFilter::at_most`] events of the log. If these hold more events that meet the
///   conditions than the page, `next` is the position of the last event of the page. Otherwise, if the
///   log goes on, `next` is the position of the last event that the list looked at, even if the page is
///   empty. Otherwise there is no `next`. So following `next` returns every event that meets the
///   conditions once. EVENT-15 holds with and without conditions.
///
/// - **EVENT-18** Changing a shop appends one event to its log, with the shop as it is after the change:
///   `ShopClosed`, `ShopReopened`, or `ShopUpdated` for a setting. The log of a closed shop is listed
///   as any other.
///
/// A store may delete the rows of an erased customer in several transactions, after the erasure has
/// taken effect. The event of a row is then in the transaction that deletes the row. All events are
/// in the log when the erasure returns. EVENT-11 holds from the moment when the erasure takes
/// effect.
///
/// A list may start after a position that no event has, such as the end of the log. The store
/// chooses the numbers of a position. The events of one command are in any order. So are
/// the events of the items of a batch, and of commands that ran at the same time, even on the same
/// resource. Of two snapshots of a ticket, the one with the larger version is later.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Returns the shop's events that meet the filter after this position in the log, oldest first: a
    /// page of this size.
    /// Returns [`EventsRemoved`] if events after this position were removed.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn list_events(
        &self,
        shop: ShopId,
        filter: EventFilter,
        after: Option<EventPosition>,
        size: PageSize,
    ) -> Result<Result<Page<Event, EventPosition>, EventsRemoved>, StorageError>;

    /// Returns the end of the shop's log.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn find_log_end(&self, shop: ShopId) -> Result<EventPosition, StorageError>;
}
