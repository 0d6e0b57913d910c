//! Group commit: creations that arrive while others are being written are written together.
//!
//! A transaction costs about the same for one ticket as for a hundred. So there is one writer for
//! tickets and one for comments ([`writer`]). It hands all waiting items to the store as one batch.
//! The next items wait meanwhile. A second batch begins once at least eight items wait, and at
//! least as many as are being written. It uses the time in which the first batch waits for the
//! disk. If nothing is being written, a single item is written at once.
//!
//! The queue is bounded, and shops take turns ([`fair_queue`](crate::fair_queue)).

mod creation;
mod places;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome, CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{CommentStore, IdempotentOutcome, StorageError, TicketStore, forward};
use tokio::runtime::Handle;

use writer::Writer;

/// Which items share a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batches {
    /// Items of all shops. At most two batches are written at the same time.
    OfAllShops,
    /// Items of one shop. At most four batches are written at the same time, each of another shop. For
    /// a store that can lose a part of its shops: then only their items fail.
    OfOneShop,
}

/// A store of tickets and comments that writes single creations of concurrent callers together.
/// Every other call goes to the inner store unchanged. So does a batch of several items, because it
/// already is one transaction.
///
/// - **Order.** Each caller gets the outcome of its own item. Items of one shop are written in the
///   order in which they came, or together.
/// - **Bounds.** A batch has at most 128 items and 4 MiB of text. At most 1,024 items and 32 MiB of
///   text wait, for tickets and for comments each. Further items fail as
///   [`Unavailable`](hexdesk_domain::StorageErrorKind::Unavailable) at once.
/// - **Fairness.** Shops take turns, one item each, or one batch each with [`Batches::OfOneShop`]. The
///   only item of a shop waits for one of the running batches. With [`Batches::OfAllShops`], it is in
///   the next batch, however many items of other shops wait. If 128 other shops, or 4 MiB of their text, come first, it waits for one
///   more batch for each such group. When the queue is full, the shop with the most waiting items
///   loses its newest item, which fails as `Unavailable`. The count includes the new item. On a
///   tie, the shop of the new item loses.
/// - **Failures.** If the store is unavailable, every item of the batch fails as `Unavailable`. With
///   [`Batches::OfOneShop`], a shop that cannot be written fails alone. A batch that fails for another
///   reason is written again item by item, so that each fails alone.
///   If the outcome of a batch is unknown, its tickets are looked up: existing ones are `Created`.
///   The others, and comments, fail as
///   [`OutcomeUnknown`](hexdesk_domain::StorageErrorKind::OutcomeUnknown). The same holds if the
///   store panics.
/// - **Dropped callers.** Their items are skipped, unless they are already being written.
///
/// Dropping it does not stop writes that callers wait for.
pub struct GroupCommit {
    tickets: Arc<dyn TicketStore>,
    comments: Arc<dyn CommentStore>,
    new_tickets: Writer<TicketCreation>,
    new_comments: Writer<CommentCreation>,
}

impl GroupCommit {
    /// Creates a group commit on these stores. Tasks on `runtime` write the batches, so `runtime`
    /// should outlive the callers.
    pub fn new(
        tickets: Arc<dyn TicketStore>,
        comments: Arc<dyn CommentStore>,
        batches: Batches,
        runtime: Handle,
    ) -> Self {
        Self {
            new_tickets: Writer::new(tickets.clone(), batches, runtime.clone()),
            new_comments: Writer::new(comments.clone(), batches, runtime),
            tickets,
            comments,
        }
    }
}

#[async_trait]
impl TicketStore for GroupCommit {
    async fn create_tickets(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        self.new_tickets.create(batch).await
    }

    forward!(tickets: find_ticket, list_tickets, update_ticket, delete_ticket, count_tickets);
}

#[async_trait]
impl CommentStore for GroupCommit {
    async fn create_comments(
        &self,
        batch: Vec<CommentCreation>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        self.new_comments.create(batch).await
    }

    forward!(comments: update_comment, delete_comment, list_comments, count_comments);
}
