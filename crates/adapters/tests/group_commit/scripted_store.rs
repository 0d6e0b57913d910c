//! The reference store with controlled writes. A test holds, counts and fails them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use anyhow::anyhow;
use hexdesk_contract::{MemoryStorage, async_trait};
use hexdesk_domain::ports::{CommentCreation, CreateCommentOutcome, CreateTicketOutcome, TicketCreation};
use hexdesk_domain::{
    CommentStore, IdempotentOutcome, ShopId, StorageError, StorageErrorKind, TicketId, TicketStore,
    TicketView, forward,
};
use tokio::sync::watch;

use crate::fixture::within_a_minute;

/// A fault of a write.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trouble {
    Fails(StorageErrorKind),
    /// Writes, and loses the result.
    IsLost,
    Panics,
    /// Writes, and returns no outcome for the last item.
    AnswersTooFew,
}

pub(crate) struct ScriptedStore {
    pub(crate) memory: MemoryStorage,
    /// The ids of each batch that has begun.
    batches: watch::Sender<Vec<Vec<i64>>>,
    /// The number of writes that may continue.
    allowed: watch::Sender<usize>,
    /// The faults by the number of the write, from 1.
    troubles: Mutex<BTreeMap<usize, Trouble>>,
    /// The tickets that were looked up, and the number of the first lookup that fails.
    lookups: Mutex<(Vec<i64>, usize)>,
}

impl ScriptedStore {
    /// Creates a store in which every write succeeds.
    pub(crate) fn new() -> Self {
        Self {
            memory: MemoryStorage::new(),
            batches: watch::Sender::new(Vec::new()),
            allowed: watch::Sender::new(usize::MAX),
            troubles: Mutex::default(),
            lookups: Mutex::new((Vec::new(), usize::MAX)),
        }
    }

    /// Lets the first `writes` writes continue, and holds the others.
    pub(crate) fn allow(&self, writes: usize) {
        self.allowed.send_replace(writes);
    }

    /// Adds a fault to the write with this number, from 1.
    pub(crate) fn make_trouble(&self, write: usize, trouble: Trouble) {
        self.troubles.lock().unwrap().insert(write, trouble);
    }

    /// Makes lookups fail from this one on, counted from 1.
    pub(crate) fn fail_lookups_from(&self, number: usize) {
        self.lookups.lock().unwrap().1 = number;
    }

    /// The tickets that were looked up.
    pub(crate) fn lookups(&self) -> Vec<i64> {
        self.lookups.lock().unwrap().0.clone()
    }

    /// Waits until this many writes have begun.
    pub(crate) async fn has_begun(&self, writes: usize) {
        let mut batches = self.batches.subscribe();
        within_a_minute(batches.wait_for(|batches| batches.len() >= writes)).await.unwrap();
    }

    /// The ids of each batch that has begun.
    pub(crate) fn batches(&self) -> Vec<Vec<i64>> {
        self.batches.borrow().clone()
    }

    /// The sizes of the batches that have begun.
    pub(crate) fn batch_sizes(&self) -> Vec<usize> {
        self.batches.borrow().iter().map(Vec::len).collect()
    }

    /// Begins a write of these ids, and waits until it may continue.
    async fn begin(&self, ids: Vec<i64>) -> Option<Trouble> {
        let mut number = 0;
        self.batches.send_modify(|batches| {
            batches.push(ids);
            number = batches.len();
        });
        self.allowed.subscribe().wait_for(|&allowed| allowed >= number).await.unwrap();
        self.troubles.lock().unwrap().remove(&number)
    }
}

fn failure(kind: StorageErrorKind, operation: &'static str) -> StorageError {
    StorageError::new(kind, operation, anyhow!("by design"))
}

/// Applies a fault to the result for the caller.
fn spoil<T>(
    trouble: Option<Trouble>,
    operation: &'static str,
    answer: Result<Vec<T>, StorageError>,
) -> Result<Vec<T>, StorageError> {
    match trouble {
        Some(Trouble::IsLost) => Err(failure(StorageErrorKind::OutcomeUnknown, operation)),
        Some(Trouble::AnswersTooFew) => answer.map(|mut outcomes| {
            outcomes.pop();
            outcomes
        }),
        _ => answer,
    }
}

#[async_trait]
impl TicketStore for ScriptedStore {
    async fn create_tickets(
        &self,
        batch: Vec<TicketCreation>,
    ) -> Result<Vec<CreateTicketOutcome>, StorageError> {
        let trouble = self.begin(batch.iter().map(|item| item.ticket.id.get()).collect()).await;
        match trouble {
            Some(Trouble::Fails(kind)) => Err(failure(kind, "create_tickets")),
            Some(Trouble::Panics) => panic!("by design"),
            trouble => spoil(trouble, "create_tickets", self.memory.create_tickets(batch).await),
        }
    }

    async fn find_ticket(&self, shop: ShopId, id: TicketId) -> Result<Option<TicketView>, StorageError> {
        {
            let (lookups, failing_from) = &mut *self.lookups.lock().unwrap();
            lookups.push(id.get());
            if lookups.len() >= *failing_from {
                return Err(failure(StorageErrorKind::Unavailable, "find_ticket"));
            }
        }
        self.memory.find_ticket(shop, id).await
    }

    forward!(memory: list_tickets, update_ticket, delete_ticket, count_tickets);
}

#[async_trait]
impl CommentStore for ScriptedStore {
    async fn create_comments(
        &self,
        batch: Vec<CommentCreation>,
    ) -> Result<Vec<IdempotentOutcome<CreateCommentOutcome>>, StorageError> {
        let trouble = self.begin(batch.iter().map(|item| item.comment.id.get()).collect()).await;
        match trouble {
            Some(Trouble::Fails(kind)) => Err(failure(kind, "create_comments")),
            Some(Trouble::Panics) => panic!("by design"),
            trouble => spoil(trouble, "create_comments", self.memory.create_comments(batch).await),
        }
    }

    forward!(memory: update_comment, delete_comment, list_comments, count_comments);
}
