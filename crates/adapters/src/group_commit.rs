//! Group commit: creations that arrive while others are being written are written together.
//!
//! A transaction costs about the same for one ticket as for a hundred. So there is one
//! writer for tickets and one for comments ([`writer`]): it takes what waits, which is a
//! single item if nothing else does, and hands it to the store as one batch; while that is
//! being written, the next gathers. Once as much waits as is being written, and at least
//! eight, it is a second batch, which fills the time for which the first waits for the disk.
//! Nothing waits for company when nothing is being written.
//!
//! What waits is bounded, and shops take turns ([`fair_queue`]).

mod creation;
mod fair_queue;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome, CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{CommentStore, IdempotentOutcome, StorageError, TicketStore, forward};
use tokio::runtime::Handle;

use writer::Writer;

/// A store of tickets and comments that has single creations of concurrent callers written
/// together. Everything else goes to the store as it is, also a batch of several items: it
/// is one transaction already, and is to fail as a whole where the port says so.
///
/// - **Order.** Each caller is answered its own outcome. Of items of one shop, those that
///   came first are begun to be written first, or together.
/// - **Bounds.** A batch is at most 128 items and 4 MiB of text. At most 1,024 items and
///   32 MiB of text wait, of tickets and of comments each; what is more is answered
///   [`Unavailable`](hexdesk_domain::StorageErrorKind::Unavailable) at once.
/// - **Fairness.** Shops take turns, an item each. A shop's only item waits for one of the
///   batches that are being written, two at most, and is in the next, however much other
///   shops have waiting, as long as those whose turn comes first are fewer than 128 with
///   4 MiB of text between them; otherwise it waits for one batch more for each as many. When
///   no place is left, a shop that has less waiting than the one with the most, its new item
///   included, gets a place of that shop's newest item, which is answered `Unavailable`.
/// - **Failures.** A batch of which nothing was written because the store cannot be reached
///   is answered `Unavailable`. One that fails for another reason is written again item by
///   item, so that each fails alone. If it is not known whether a batch was written, its
///   tickets are looked up: those that are there are `Created`; for the others, and for
///   comments, the answer is
///   [`OutcomeUnknown`](hexdesk_domain::StorageErrorKind::OutcomeUnknown), also where the
///   store panicked.
/// - **Callers that go away.** What was not begun to be written is then left out.
///
/// Dropping it does not end the writing of what callers wait for.
pub struct GroupCommit {
    tickets: Arc<dyn TicketStore>,
    comments: Arc<dyn CommentStore>,
    new_tickets: Writer<TicketCreation>,
    new_comments: Writer<CommentCreation>,
}

impl GroupCommit {
    /// Group commit on these stores, whose writing is done by tasks on `runtime`. It should
    /// outlive those who call.
    pub fn new(tickets: Arc<dyn TicketStore>, comments: Arc<dyn CommentStore>, runtime: Handle) -> Self {
        Self {
            new_tickets: Writer::new(tickets.clone(), runtime.clone()),
            new_comments: Writer::new(comments.clone(), runtime),
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

    forward!(comments: list_comments, count_comments);
}
