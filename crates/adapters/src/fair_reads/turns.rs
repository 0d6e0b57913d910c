//! Turns: a read needs one to run, and otherwise waits in the line of its shop.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::anyhow;
use hexdesk_domain::{ShopId, StorageError, StorageErrorKind};
use tokio::sync::oneshot;

use crate::fair_queue::FairQueue;

/// The number of reads that wait. A waiting read holds one of the server's requests in flight, which
/// are 1,024 by default.
const MAX_WAITING: usize = 1024;

/// The number of waiting reads of one shop. It leaves other shops most of the requests in flight.
const MAX_WAITING_OF_A_SHOP: usize = 256;

/// The turns of a store.
pub(super) struct Turns(Arc<Shared>);

struct Shared {
    turns: usize,
    turns_of_a_shop: usize,
    state: Mutex<State>,
}

struct State {
    /// The shop of each turn.
    running: Vec<ShopId>,
    waiting: FairQueue<Waiting>,
    /// The number of the next read.
    next: u64,
}

/// A read that waits for its turn.
struct Waiting {
    number: u64,
    caller: oneshot::Sender<Turn>,
}

tokio::task_local! {
    static CURRENT: Arc<Turn>;
}

/// Returns the turn of the read that calls this. A store keeps it until its work for the read has
/// ended, if that can be later than the moment at which the future of the read is dropped.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) fn current_turn() -> Option<Arc<Turn>> {
    CURRENT.try_with(Arc::clone).ok()
}

impl Turns {
    pub(super) fn new(turns: usize) -> Self {
        let waiting = FairQueue::new(MAX_WAITING, MAX_WAITING_OF_A_SHOP);
        let state = State { running: Vec::new(), waiting, next: 0 };
        let turns_of_a_shop = (turns - 1).max(1);
        Self(Arc::new(Shared { turns, turns_of_a_shop, state: Mutex::new(state) }))
    }

    /// Makes a call in a turn of the shop.
    pub(super) async fn run<T, C>(
        &self,
        shop: ShopId,
        operation: &'static str,
        call: impl FnOnce() -> C,
    ) -> Result<T, StorageError>
    where
        C: Future<Output = Result<T, StorageError>>,
    {
        let turn = self.turn(shop).await.ok_or_else(|| {
            StorageError::new(StorageErrorKind::Unavailable, operation, anyhow!("too many reads are waiting"))
        })?;
        CURRENT.scope(Arc::new(turn), call()).await
    }

    /// Waits for a turn; `None` if too many reads wait.
    async fn turn(&self, shop: ShopId) -> Option<Turn> {
        let (caller, granted) = oneshot::channel();
        let (number, lost) = {
            let mut state = self.0.state();
            let number = state.next;
            state.next += 1;
            (number, state.waiting.push(shop, 1, Waiting { number, caller }))
        };
        // Their callers fail.
        drop(lost);
        self.0.grant();
        let mut place = Place { shared: &self.0, shop, number, is_over: false };
        let turn = granted.await.ok();
        place.is_over = true;
        turn
    }
}

/// A place in the line of a shop. A caller that is dropped leaves the line.
struct Place<'a> {
    shared: &'a Shared,
    shop: ShopId,
    number: u64,
    is_over: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.shared.state().waiting.remove(self.shop, |waiting| waiting.number == self.number);
        }
    }
}

impl Shared {
    /// The state. It is always consistent, because nothing panics under the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the free turns to the next reads.
    fn grant(self: &Arc<Self>) {
        while let Some((shop, next)) = self.next() {
            // If the caller was dropped just now, the turn is dropped too, and given back.
            let _ = next.caller.send(Turn { shared: self.clone(), shop });
        }
    }

    /// Takes the next read that may run, and counts it as running.
    fn next(&self) -> Option<(ShopId, Waiting)> {
        let State { running, waiting, .. } = &mut *self.state();
        if running.len() >= self.turns {
            return None;
        }
        let next = waiting
            .take(|shop| running.iter().filter(|running| **running == shop).count() < self.turns_of_a_shop)?;
        running.push(next.0);
        Some(next)
    }
}

/// The right of a shop to run one read, until it is dropped.
pub(crate) struct Turn {
    shared: Arc<Shared>,
    shop: ShopId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        if let Some(index) = state.running.iter().position(|shop| *shop == self.shop) {
            state.running.swap_remove(index);
        }
        drop(state);
        self.shared.grant();
    }
}
