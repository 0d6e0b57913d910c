//! The writer: takes waiting items in batches, and returns each outcome to its caller.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hexdesk_domain::{ShopId, StorageError, StorageErrorKind};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::Batches;
use super::creation::Creation;
use super::places::{MAX_BATCH_PLACES, MAX_WAITING_PLACES, places};
use crate::fair_queue::FairQueue;

/// The maximum number of batches of all shops that are written at the same time.
const MAX_TURNS: usize = 2;

/// The maximum number of batches of one shop that are written at the same time.
const MAX_TURNS_OF_SHOPS: usize = 4;

/// The minimum number of waiting items for a second batch to begin.
const MIN_COMPANY: usize = 8;

/// Writes through one port. It has no task while no item waits.
pub(super) struct Writer<C: Creation>(Arc<Shared<C>>);

struct Shared<C: Creation> {
    store: Arc<C::Store>,
    batches: Batches,
    runtime: Handle,
    state: Mutex<State<C>>,
}

struct State<C: Creation> {
    waiting: FairQueue<Waiting<C>>,
    /// The number of [`Turn`]s.
    turns: usize,
    /// The number of items that they are writing.
    being_written: usize,
    /// The shops that they are writing, if each batch is of one shop.
    shops: Vec<ShopId>,
}

impl<C: Creation> State<C> {
    /// Whether enough items wait for another batch: as many as are being written. Two small batches
    /// cost more than one that starts a little later.
    fn has_company(&self) -> bool {
        self.waiting.len() >= self.being_written.max(MIN_COMPANY)
    }

    /// The next shop to write. Batches of the same shop would wait for each other.
    fn next_shop(&self) -> Option<ShopId> {
        self.waiting.next_shop(|shop| !self.shops.contains(&shop))
    }

    /// Whether another turn may begin.
    fn begins(&self, batches: Batches) -> bool {
        match batches {
            Batches::OfAllShops => self.turns == 0 || (self.turns < MAX_TURNS && self.has_company()),
            Batches::OfOneShop => self.turns < MAX_TURNS_OF_SHOPS && self.next_shop().is_some(),
        }
    }

    /// Takes the next batch, and notes its shop if it is of one. Items of dropped callers are skipped.
    fn take_batch(&mut self, batches: Batches) -> (Vec<Waiting<C>>, Option<ShopId>) {
        match batches {
            Batches::OfAllShops if self.being_written == 0 || self.has_company() => {
                (self.waiting.take_batch(MAX_BATCH_PLACES, |_| true, Waiting::is_wanted), None)
            }
            Batches::OfAllShops => (Vec::new(), None),
            Batches::OfOneShop => {
                // The items of a shop may all be unwanted.
                while let Some(next) = self.next_shop() {
                    let batch =
                        self.waiting.take_batch(MAX_BATCH_PLACES, |shop| shop == next, Waiting::is_wanted);
                    if !batch.is_empty() {
                        self.shops.push(next);
                        return (batch, Some(next));
                    }
                }
                (Vec::new(), None)
            }
        }
    }
}

/// An item, and the channel to its caller.
struct Waiting<C: Creation> {
    item: C,
    caller: oneshot::Sender<Result<C::Outcome, StorageError>>,
}

impl<C: Creation> Waiting<C> {
    fn is_wanted(&self) -> bool {
        !self.caller.is_closed()
    }

    fn answer(self, answer: Result<C::Outcome, StorageError>) {
        // Fails if the caller dropped the future.
        let _ = self.caller.send(answer);
    }
}

impl<C: Creation> Writer<C> {
    pub(super) fn new(store: Arc<C::Store>, batches: Batches, runtime: Handle) -> Self {
        let waiting = FairQueue::new(MAX_WAITING_PLACES, MAX_WAITING_PLACES);
        let state = State { waiting, turns: 0, being_written: 0, shops: Vec::new() };
        Self(Arc::new(Shared { store, batches, runtime, state: Mutex::new(state) }))
    }

    /// Writes a single item together with items of other callers. A batch goes to the store
    /// unchanged.
    pub(super) async fn create(&self, batch: Vec<C>) -> Result<Vec<C::Outcome>, StorageError> {
        let item = match <[C; 1]>::try_from(batch) {
            Ok([item]) => item,
            Err(batch) => return C::create(&self.0.store, batch).await,
        };
        let (caller, answer) = oneshot::channel();
        self.0.add(Waiting { item, caller });
        let answer = answer.await.unwrap_or_else(|_| {
            // Only items that are being written are dropped without a result.
            Err(failure::<C>(StorageErrorKind::OutcomeUnknown, "the writer ended in the middle of a write"))
        });
        answer.map(|outcome| vec![outcome])
    }
}

impl<C: Creation> Shared<C> {
    /// The state. It is always consistent, because nothing panics under the lock.
    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues an item, and starts a turn if one is needed.
    fn add(self: &Arc<Self>, waiting: Waiting<C>) {
        let mut state = self.state();
        let lost = state.waiting.push(waiting.item.shop(), places(waiting.item.bytes()), waiting);
        let begins = state.begins(self.batches);
        state.turns += usize::from(begins);
        drop(state);
        for waiting in lost {
            waiting.answer(Err(failure::<C>(
                StorageErrorKind::Unavailable,
                "too many creations are waiting to be written",
            )));
        }
        if begins {
            let turn = Turn { shared: self.clone(), being_written: 0, shop: None, is_over: false };
            self.runtime.spawn(turn.write_all());
        }
    }

    /// Writes a batch, and returns each outcome to its caller.
    async fn write(&self, batch: Vec<Waiting<C>>) {
        let Err((batch, error)) = self.attempt(batch).await else { return };
        if error.kind != StorageErrorKind::Unexpected || batch.len() == 1 {
            return self.conclude(batch, error).await;
        }
        // One item made the batch fail, and nothing was written. That item must fail alone.
        let mut rest = batch.into_iter();
        while let Some(waiting) = rest.next() {
            if !waiting.is_wanted() {
                continue;
            }
            if let Err((mut failed, error)) = self.attempt(vec![waiting]).await {
                if error.kind == StorageErrorKind::Unavailable {
                    // The other items would fail the same way.
                    failed.extend(rest.by_ref());
                }
                self.conclude(failed, error).await;
            }
        }
    }

    /// Writes a batch, and returns each outcome to its caller. Returns the batch if it failed.
    async fn attempt(&self, batch: Vec<Waiting<C>>) -> Result<(), (Vec<Waiting<C>>, StorageError)> {
        let items: Vec<C> = batch.iter().map(|waiting| waiting.item.clone()).collect();
        let store = self.store.clone();
        match self.run_apart(async move { C::create(&store, items).await }).await {
            Ok(outcomes) if outcomes.len() == batch.len() => {
                for (waiting, outcome) in batch.into_iter().zip(outcomes) {
                    waiting.answer(Ok(outcome));
                }
                Ok(())
            }
            Ok(_) => {
                let cause = "the store did not return one outcome for each item";
                Err((batch, failure::<C>(StorageErrorKind::OutcomeUnknown, cause)))
            }
            Err(error) => Err((batch, error)),
        }
    }

    /// Looks up the items if the outcome is unknown. Returns the failure to every caller without a
    /// found item.
    async fn conclude(&self, batch: Vec<Waiting<C>>, error: StorageError) {
        let StorageError { kind, operation, cause } = error;
        let cause = SharedCause(Arc::new(cause));
        // After a failed lookup, the other lookups are skipped, because each could take long.
        let mut can_look_up = kind == StorageErrorKind::OutcomeUnknown;
        for waiting in batch {
            if can_look_up && waiting.is_wanted() {
                let (store, item) = (self.store.clone(), waiting.item.clone());
                match self.run_apart(async move { item.look_up(&store).await }).await {
                    Ok(Some(outcome)) => {
                        waiting.answer(Ok(outcome));
                        continue;
                    }
                    Ok(None) => {}
                    Err(_) => can_look_up = false,
                }
            }
            waiting.answer(Err(StorageError::new(kind, operation, cause.clone())));
        }
    }

    /// Runs a call of the store in a task of its own, so that a panic does not end the writer. After
    /// a panic the outcome is unknown.
    async fn run_apart<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, StorageError>> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.runtime.spawn(call).await.unwrap_or_else(|error| {
            Err(StorageError::new(StorageErrorKind::OutcomeUnknown, C::OPERATION, error))
        })
    }
}

/// The right to write batches, one after the other.
struct Turn<C: Creation> {
    shared: Arc<Shared<C>>,
    /// The size of its current batch.
    being_written: usize,
    /// The shop of its current batch, if each batch is of one shop.
    shop: Option<ShopId>,
    is_over: bool,
}

impl<C: Creation> Turn<C> {
    /// Writes until no item waits, or until few enough wait for another turn to take them.
    async fn write_all(mut self) {
        while let Some(batch) = self.next_batch() {
            self.shared.write(batch).await;
        }
    }

    /// The next batch; `None` ends the turn.
    fn next_batch(&mut self) -> Option<Vec<Waiting<C>>> {
        let mut state = self.shared.state();
        state.being_written -= std::mem::take(&mut self.being_written);
        if let Some(shop) = self.shop.take() {
            state.shops.retain(|other| *other != shop);
        }
        let (batch, shop) = state.take_batch(self.shared.batches);
        if batch.is_empty() {
            state.turns -= 1;
            self.is_over = true;
            return None;
        }
        self.being_written = batch.len();
        self.shop = shop;
        state.being_written += batch.len();
        Some(batch)
    }
}

/// If the last turn ends early, with its runtime, the waiting items fail. The next item starts a new
/// turn.
impl<C: Creation> Drop for Turn<C> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut state = self.shared.state();
        state.being_written -= self.being_written;
        if let Some(shop) = self.shop {
            state.shops.retain(|other| *other != shop);
        }
        state.turns -= 1;
        if state.turns > 0 {
            return;
        }
        let left: Vec<_> = state.waiting.take_all().collect();
        drop(state);
        for waiting in left {
            let cause = "the writer ended before it wrote this item";
            waiting.answer(Err(failure::<C>(StorageErrorKind::Unexpected, cause)));
        }
    }
}

/// The cause of a failure of a whole batch.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0:#}")]
struct SharedCause(Arc<anyhow::Error>);

fn failure<C: Creation>(kind: StorageErrorKind, cause: &'static str) -> StorageError {
    StorageError::new(kind, C::OPERATION, anyhow::anyhow!(cause))
}
