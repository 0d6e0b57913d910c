//! A stream while it is open.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use hexdesk_domain::{EventFilter, EventPosition, EventsRemoved, PageSize, Shop, StorageError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::feed::{BATCH_BYTES, Batch, Feed, RETRY_AFTER};
use super::frames::Detail;
use super::key_check::KeyCheck;
use super::places::StreamPlace;
use super::{cursors, frames};
use crate::connections::Client;
use crate::services::Services;

/// The longest time of a stream.
const MAX_AGE: Duration = Duration::from_secs(60 * 60);

/// The time between two comments, and between two moves of a client that gets no events.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);

/// The number of events that are left out before a client is moved on.
const MAX_LEFT_OUT: usize = 1_000;

/// The size of a page that a stream reads by itself.
const PAGE: PageSize = PageSize { entries: 256, bytes: BATCH_BYTES };

/// An open stream.
pub(super) struct OpenStream {
    pub(super) services: Arc<Services>,
    pub(super) shop: Shop,
    pub(super) filter: EventFilter,
    pub(super) detail: Detail,
    pub(super) feed: Arc<Feed>,
    pub(super) grown: watch::Receiver<()>,
    pub(super) key: KeyCheck,
    pub(super) client: Client,
    pub(super) place: StreamPlace,
    pub(super) progress: Progress,
}

/// What the client has got.
pub(super) struct Progress {
    /// The client needs nothing up to here.
    at: EventPosition,
    /// The position of the last id that was sent.
    told: EventPosition,
    left_out: usize,
    /// Sent before everything else.
    first: Option<String>,
    ends: Instant,
    heartbeat: Instant,
    is_over: bool,
}

impl Progress {
    /// A stream that begins after this position, with this text.
    pub(super) fn new(at: EventPosition, first: String) -> Self {
        let now = Instant::now();
        let (ends, heartbeat) = (now + MAX_AGE, now + HEARTBEAT_EVERY);
        Self { at, told: at, left_out: 0, first: Some(first), ends, heartbeat, is_over: false }
    }
}

impl OpenStream {
    /// Returns the next bytes, and the stream after them. The framework asks for them once the client
    /// has taken most of the bytes before.
    pub(super) async fn next(mut self) -> Option<(Bytes, Self)> {
        let bytes = self.next_bytes().await?;
        Some((bytes.into(), self))
    }

    async fn next_bytes(&mut self) -> Option<Vec<u8>> {
        if let Some(first) = self.progress.first.take() {
            return Some(first.into_bytes());
        }
        loop {
            if self.progress.is_over || self.client.is_gone() || Instant::now() >= self.progress.ends {
                return None;
            }
            if *self.place.stopping.borrow() {
                self.progress.is_over = true;
                return Some(frames::retry(random_delay()).into_bytes());
            }
            if !self.key.is_admitted().await {
                return None;
            }
            let batch = match self.batch().await {
                Ok(Ok(batch)) => batch,
                Ok(Err(EventsRemoved { oldest })) => {
                    self.progress.is_over = true;
                    return Some(frames::removed(&cursors(self.shop.id).seal(&oldest)).into_bytes());
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot read the events of a stream; trying again");
                    sleep(RETRY_AFTER).await;
                    continue;
                }
            };
            let is_idle = batch.until.is_none();
            let mut bytes = self.take(batch);
            if Instant::now() >= self.progress.heartbeat {
                self.progress.heartbeat = Instant::now() + HEARTBEAT_EVERY;
                bytes.extend_from_slice(self.move_on().as_bytes());
                bytes.extend_from_slice(frames::HEARTBEAT.as_bytes());
            }
            if !bytes.is_empty() {
                return Some(bytes);
            }
            if is_idle {
                self.wait().await;
            }
        }
    }

    /// The next events: from the feed, or from the store if the client is far behind.
    async fn batch(&self) -> Result<Result<Batch, EventsRemoved>, StorageError> {
        let Progress { at, .. } = self.progress;
        let since = match self.feed.after(at, &self.filter, self.detail) {
            Ok(batch) => return Ok(Ok(batch)),
            Err(since) => since,
        };
        let page =
            self.services.events.list_events(self.shop.id, self.filter.clone(), Some(at), PAGE).await?;
        Ok(page.map(|page| {
            let cursors = cursors(self.shop.id);
            let mut batch = Batch::default();
            for event in &page.entries {
                let cursor = || cursors.seal(&event.position);
                let domain = self.shop.domain.as_str();
                let frame = || frames::of_event(event, cursor(), domain, self.detail).ok();
                batch.add(event, frame, &self.filter);
            }
            match page.next {
                // The store looked at more events than it returned.
                Some(next) if batch.until != Some(next) => {
                    (batch.until, batch.left_out) = (Some(next), MAX_LEFT_OUT);
                }
                // Nothing else lies between the client and the feed, except what the filter leaves out.
                None if batch.until < Some(since) => {
                    batch.until = Some(since);
                    if self.filter.has_conditions() {
                        batch.left_out = MAX_LEFT_OUT;
                    }
                }
                _ => {}
            }
            batch
        }))
    }

    /// Notes what the client gets, and returns it.
    fn take(&mut self, batch: Batch) -> Vec<u8> {
        let progress = &mut self.progress;
        let Some(until) = batch.until else { return Vec::new() };
        progress.at = until;
        let mut bytes = batch.frames;
        if bytes.is_empty() {
            progress.left_out += batch.left_out;
        } else {
            progress.left_out = batch.left_out;
        }
        if progress.left_out == 0 {
            progress.told = until;
        } else if progress.left_out >= MAX_LEFT_OUT {
            bytes.extend_from_slice(self.move_on().as_bytes());
        }
        bytes
    }

    /// Returns the frame that tells the client its position, if it does not know it.
    fn move_on(&mut self) -> String {
        let progress = &mut self.progress;
        if progress.told == progress.at {
            return String::new();
        }
        progress.told = progress.at;
        progress.left_out = 0;
        frames::moved(&cursors(self.shop.id).seal(&progress.at))
    }

    /// Waits until there is something to do.
    async fn wait(&mut self) {
        let next = self.key.next().min(self.progress.heartbeat).min(self.progress.ends);
        tokio::select! {
            _ = self.grown.changed() => {}
            _ = self.place.stopping.changed() => {}
            () = self.client.gone() => {}
            () = sleep_until(next) => {}
        }
    }
}

/// A random time of one to five seconds, so that the clients of a stopped server do not all come back
/// at once.
fn random_delay() -> Duration {
    // Each state has random keys.
    Duration::from_millis(1_000 + RandomState::new().hash_one(()) % 4_001)
}
