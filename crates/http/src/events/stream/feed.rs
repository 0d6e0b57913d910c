//! The latest events of a shop, as frames. One reader for each shop serves all streams of this process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use actix_web::web::Bytes;
use hexdesk_domain::ports::{WakeUpListener, WakeUps};
use hexdesk_domain::{
    Event, EventFilter, EventPosition, EventStore, EventsRemoved, PageSize, Shop, ShopId, StorageError,
};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::frames::Detail;
use super::{cursors, frames};

/// The most events that a feed keeps. A client that is further behind reads from the store itself.
const MAX_EVENTS: usize = 256;

/// The most bytes that a feed keeps, beyond its latest event.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The shortest time between two reads. Under load, each read then returns many events.
const READ_EVERY: Duration = Duration::from_millis(100);

/// The time before another read after the store failed.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The size of a page of the reader.
const PAGE: PageSize = PageSize { entries: 256, bytes: 1024 * 1024 };

/// The bytes by which a batch of frames is full.
pub(super) const BATCH_BYTES: usize = 64 * 1024;

/// The feeds of all shops with streams.
pub(crate) struct Feeds {
    events: Arc<dyn EventStore>,
    wake_ups: Arc<dyn WakeUps>,
    runtime: Handle,
    of_shops: Mutex<HashMap<ShopId, Weak<Feed>>>,
}

/// The latest events of a shop, until the last stream that uses them ends.
pub(crate) struct Feed {
    latest: Arc<Latest>,
    reader: AbortHandle,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

struct Latest {
    kept: Mutex<Kept>,
    grown: watch::Sender<()>,
}

/// The events after `since`, up to `until`.
struct Kept {
    since: EventPosition,
    until: EventPosition,
    frames: VecDeque<Frame>,
    bytes: usize,
}

struct Frame {
    event: Arc<Event>,
    whole: Bytes,
    change: Bytes,
}

impl Frame {
    fn new(event: Event, cursor: &str, shop: &Shop) -> Result<Self, serde_json::Error> {
        let of = |detail| frames::of_event(&event, cursor.to_owned(), shop.domain.as_str(), detail);
        let (whole, change) = (of(Detail::Whole)?, of(Detail::Change)?);
        Ok(Self { event: Arc::new(event), whole, change })
    }

    fn bytes(&self, detail: Detail) -> Bytes {
        match detail {
            Detail::Whole => self.whole.clone(),
            Detail::Change => self.change.clone(),
        }
    }

    fn len(&self) -> usize {
        self.whole.len() + self.change.len()
    }
}

/// Frames for a client.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) frames: Vec<u8>,
    /// The position up to which the client has everything once it has these frames.
    pub(super) until: Option<EventPosition>,
    /// The number of events after the last frame that the filter left out.
    pub(super) left_out: usize,
}

impl Batch {
    /// Adds an event, if it meets the filter. Returns whether the batch is full.
    pub(super) fn add(
        &mut self,
        event: &Event,
        frame: impl FnOnce() -> Option<Bytes>,
        filter: &EventFilter,
    ) -> bool {
        self.until = Some(event.position);
        if filter.matches(event)
            && let Some(frame) = frame()
        {
            self.frames.extend_from_slice(&frame);
            self.left_out = 0;
        } else {
            self.left_out += 1;
        }
        self.frames.len() >= BATCH_BYTES
    }
}

impl Feeds {
    pub(crate) fn new(events: Arc<dyn EventStore>, wake_ups: Arc<dyn WakeUps>, runtime: Handle) -> Self {
        Self { events, wake_ups, runtime, of_shops: Mutex::default() }
    }

    /// Returns the feed of this shop. The first one starts its reader at the end of the log.
    ///
    /// # Errors
    /// The errors of the store.
    pub(crate) async fn open(&self, shop: &Shop) -> Result<Arc<Feed>, StorageError> {
        if let Some(feed) = self.of_shops().get(&shop.id).and_then(Weak::upgrade) {
            return Ok(feed);
        }
        // Listens before it reads, so that it misses no event.
        let listener = self.wake_ups.listen(shop.id);
        let end = self.events.find_log_end(shop.id).await?;
        let mut of_shops = self.of_shops();
        // Another stream may have been faster.
        if let Some(feed) = of_shops.get(&shop.id).and_then(Weak::upgrade) {
            return Ok(feed);
        }
        let kept = Kept { since: end, until: end, frames: VecDeque::new(), bytes: 0 };
        let latest = Arc::new(Latest { kept: Mutex::new(kept), grown: watch::channel(()).0 });
        let reading = read(latest.clone(), self.events.clone(), listener, shop.clone());
        let reader = self.runtime.spawn(reading).abort_handle();
        let feed = Arc::new(Feed { latest, reader });
        of_shops.retain(|_, feed| feed.strong_count() > 0);
        of_shops.insert(shop.id, Arc::downgrade(&feed));
        Ok(feed)
    }

    fn of_shops(&self) -> MutexGuard<'_, HashMap<ShopId, Weak<Feed>>> {
        self.of_shops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Feed {
    /// Returns what changes whenever the feed grows.
    pub(crate) fn grown(&self) -> watch::Receiver<()> {
        self.latest.grown.subscribe()
    }

    /// Returns the next frames after this position.
    ///
    /// # Errors
    /// The position where the feed begins, if that is later.
    pub(super) fn after(
        &self,
        position: EventPosition,
        filter: &EventFilter,
        detail: Detail,
    ) -> Result<Batch, EventPosition> {
        let kept = self.latest.kept();
        if position < kept.since {
            return Err(kept.since);
        }
        let mut batch = Batch::default();
        let begins = kept.frames.partition_point(|frame| frame.event.position <= position);
        for frame in kept.frames.range(begins..) {
            if batch.add(&frame.event, || Some(frame.bytes(detail)), filter) {
                break;
            }
        }
        Ok(batch)
    }
}

impl Latest {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the next events of the log.
    fn add(&self, events: Vec<Frame>) {
        let mut kept = self.kept();
        for frame in events {
            kept.until = frame.event.position;
            kept.bytes += frame.len();
            kept.frames.push_back(frame);
            while kept.frames.len() > MAX_EVENTS || (kept.bytes > MAX_BYTES && kept.frames.len() > 1) {
                let Some(oldest) = kept.frames.pop_front() else { break };
                kept.since = oldest.event.position;
                kept.bytes -= oldest.len();
            }
        }
        drop(kept);
        self.grown.send_replace(());
    }

    /// Goes on after a position before which events were removed that nobody has read.
    fn restart(&self, position: EventPosition) {
        *self.kept() = Kept { since: position, until: position, frames: VecDeque::new(), bytes: 0 };
        self.grown.send_replace(());
    }
}

/// Reads the log of a shop as it grows.
async fn read(
    latest: Arc<Latest>,
    events: Arc<dyn EventStore>,
    mut listener: Box<dyn WakeUpListener>,
    shop: Shop,
) {
    loop {
        let next_read = Instant::now() + READ_EVERY;
        match read_new(&latest, &*events, &shop).await {
            Ok(()) => listener.wait().await,
            Err(error) => {
                tracing::warn!(%error, "cannot read new events; trying again");
                sleep(RETRY_AFTER).await;
            }
        }
        sleep_until(next_read).await;
    }
}

async fn read_new(latest: &Latest, events: &dyn EventStore, shop: &Shop) -> anyhow::Result<()> {
    let cursors = cursors(shop.id);
    loop {
        let until = latest.kept().until;
        match events.list_events(shop.id, Default::default(), Some(until), PAGE).await? {
            Ok(page) if page.entries.is_empty() => return Ok(()),
            Ok(page) => {
                let frames = page.entries.into_iter().map(|event| {
                    let cursor = cursors.seal(&event.position);
                    Frame::new(event, &cursor, shop)
                });
                latest.add(frames.collect::<Result<_, serde_json::Error>>()?);
            }
            Err(EventsRemoved { oldest }) => latest.restart(oldest),
        }
    }
}
