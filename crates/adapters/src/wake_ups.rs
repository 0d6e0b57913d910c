//! Wake-ups: readers of a shop's event log learn of new events soon, without asking the store often.
//!
//! Writes of this process wake the readers of their shop when they return. Other processes write to
//! the same store without notice, so a sweep looks for their events. There is a sweep only for shops
//! with readers. It asks for the end of the log, which is one number.

mod waking_storage;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use hexdesk_domain::ports::{WakeUpListener, WakeUps};
use hexdesk_domain::{EventStore, ShopId};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

pub use waking_storage::WakingStorage;

/// The time between two sweeps of a log.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Wakes the readers of each shop's log.
///
/// A write of a [`WakingStorage`] wakes them when it returns. A write of another process wakes them
/// within a second, once the store shows it. Without readers, a write costs one look at a counter.
pub struct LogWakeUps(Arc<Shared>);

struct Shared {
    events: Arc<dyn EventStore>,
    runtime: Handle,
    /// The number of shops with listeners.
    listened: AtomicUsize,
    shops: Mutex<HashMap<ShopId, Listened>>,
    written: watch::Sender<()>,
}

/// A shop with listeners.
struct Listened {
    may_have_grown: watch::Sender<()>,
    sweep: AbortHandle,
}

impl LogWakeUps {
    /// Creates wake-ups for the logs of this store. The sweeps are tasks on `runtime`.
    pub fn new(events: Arc<dyn EventStore>, runtime: Handle) -> Self {
        let (listened, shops) = Default::default();
        Self(Arc::new(Shared { events, runtime, listened, shops, written: watch::channel(()).0 }))
    }

    /// Wakes the readers of this shop's log. Call it after a write, whatever its outcome: an unknown
    /// outcome may be a new event.
    pub(crate) fn wake(&self, shop: ShopId) {
        if self.0.written.receiver_count() > 0 {
            self.0.written.send_replace(());
        }
        // A reader that begins to listen later than this reads the events of the write itself.
        if self.0.listened.load(Ordering::SeqCst) == 0 {
            return;
        }
        if let Some(listened) = self.0.shops().get(&shop) {
            listened.may_have_grown.send_replace(());
        }
    }

    /// Makes a call that may write, and wakes the readers.
    pub(crate) async fn run<T, F>(&self, shop: ShopId, _method: &str, call: impl FnOnce() -> F) -> T
    where
        F: Future<Output = T>,
    {
        let outcome = call().await;
        self.wake(shop);
        outcome
    }
}

impl Shared {
    fn shops(&self) -> MutexGuard<'_, HashMap<ShopId, Listened>> {
        // A panic cannot leave the map inconsistent.
        self.shops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WakeUps for LogWakeUps {
    fn listen(&self, shop: ShopId) -> Box<dyn WakeUpListener> {
        let mut shops = self.0.shops();
        let listened = shops.entry(shop).or_insert_with(|| {
            self.0.listened.fetch_add(1, Ordering::SeqCst);
            let (may_have_grown, _) = watch::channel(());
            let sweeping = sweep(self.0.events.clone(), shop, may_have_grown.clone());
            Listened { may_have_grown, sweep: self.0.runtime.spawn(sweeping).abort_handle() }
        });
        let woken = listened.may_have_grown.subscribe();
        Box::new(Listener { shop, woken, of: self.0.clone() })
    }

    fn listen_to_writes(&self) -> Box<dyn WakeUpListener> {
        Box::new(WriteListener { woken: self.0.written.subscribe(), _of: self.0.clone() })
    }
}

/// Wakes the listeners of a shop whenever the end of its log has moved. Wakes them after the first
/// look: the log may have grown before it.
async fn sweep(events: Arc<dyn EventStore>, shop: ShopId, may_have_grown: watch::Sender<()>) {
    let mut known = None;
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        match events.find_log_end(shop).await {
            Ok(end) if known != Some(end) => {
                known = Some(end);
                may_have_grown.send_replace(());
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "cannot look for new events; trying again"),
        }
    }
}

struct Listener {
    shop: ShopId,
    woken: watch::Receiver<()>,
    of: Arc<Shared>,
}

#[async_trait]
impl WakeUpListener for Listener {
    async fn wait(&mut self) {
        // The sender exists as long as this listener.
        let _ = self.woken.changed().await;
    }
}

struct WriteListener {
    woken: watch::Receiver<()>,
    /// Keeps the sending end.
    _of: Arc<Shared>,
}

#[async_trait]
impl WakeUpListener for WriteListener {
    async fn wait(&mut self) {
        let _ = self.woken.changed().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut shops = self.of.shops();
        // This listener still counts.
        if shops.get(&self.shop).is_some_and(|listened| listened.may_have_grown.receiver_count() <= 1)
            && let Some(listened) = shops.remove(&self.shop)
        {
            listened.sweep.abort();
            self.of.listened.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
