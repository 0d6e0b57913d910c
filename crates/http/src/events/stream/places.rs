//! The number of open streams.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hexdesk_domain::{Actor, Principal, ShopId};
use tokio::sync::watch;

use crate::problem::Problem;

/// The most streams of one key.
const MAX_OF_KEY: usize = 20;

/// The streams that may be open, and the end of the server.
#[derive(Clone)]
pub(crate) struct StreamPlaces {
    max: usize,
    open: Arc<Mutex<Open>>,
    stopping: watch::Receiver<bool>,
}

#[derive(Default)]
struct Open {
    all: usize,
    of_keys: HashMap<(ShopId, Actor), usize>,
}

/// The place of a stream, until this is dropped.
pub(crate) struct StreamPlace {
    key: (ShopId, Actor),
    open: Arc<Mutex<Open>>,
    /// Becomes true when the server stops.
    pub(super) stopping: watch::Receiver<bool>,
}

impl StreamPlaces {
    /// Allows this many streams at a time, until `stopping` is true.
    pub(crate) fn new(max: usize, stopping: watch::Receiver<bool>) -> Self {
        Self { max, open: Arc::default(), stopping }
    }

    /// Returns a place for a stream of this key.
    ///
    /// # Errors
    /// 429 if there is none.
    pub(crate) fn take(&self, principal: &Principal) -> Result<StreamPlace, Problem> {
        let key = (principal.shop.id, principal.actor);
        let mut open = lock(&self.open);
        if open.of_keys.get(&key).is_some_and(|of_key| *of_key >= MAX_OF_KEY) {
            return Err(Problem::too_many_streams("The API key"));
        }
        if open.all >= self.max {
            return Err(Problem::too_many_streams("The server"));
        }
        open.all += 1;
        *open.of_keys.entry(key).or_default() += 1;
        Ok(StreamPlace { key, open: self.open.clone(), stopping: self.stopping.clone() })
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        open.all -= 1;
        if let Some(of_key) = open.of_keys.get_mut(&self.key) {
            *of_key -= 1;
            if *of_key == 0 {
                open.of_keys.remove(&self.key);
            }
        }
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}
