//! What waits to be written, in turn by shop, within a bound.

use std::collections::VecDeque;

use hexdesk_domain::ShopId;

/// The bytes of text that one place has room for. Nearly every ticket and comment takes one
/// place; a message of the greatest length, in four bytes a character, takes eight.
const PLACE_BYTES: usize = 32 * 1024;

/// The places of one batch: up to 128 items and 4 MiB of text. Enough for twice the 64
/// callers that were measured to go together; few enough for locks to be held, and others
/// to wait, for some 15 ms.
const MAX_BATCH_PLACES: usize = 128;

/// The places in the queue: up to 1,024 items and 32 MiB of text. Eight batches, about a
/// tenth of a second's work: what comes faster for longer than that has to come again later.
const MAX_WAITING_PLACES: usize = 1024;

/// How many places an item with this many bytes of text takes. One that is larger than a
/// batch is a batch of its own.
pub(super) fn places(text_bytes: usize) -> usize {
    text_bytes.div_ceil(PLACE_BYTES).clamp(1, MAX_BATCH_PLACES)
}

/// The items of every shop that has some waiting, a line for each shop. Lines take turns.
pub(super) struct FairQueue<T> {
    /// None is empty. The line in front is the next to give an item.
    lines: VecDeque<Line<T>>,
    /// The places taken in all lines.
    places: usize,
}

struct Line<T> {
    shop: ShopId,
    /// The places taken in this line.
    places: usize,
    /// The oldest in front.
    entries: VecDeque<Entry<T>>,
}

struct Entry<T> {
    places: usize,
    item: T,
}

impl<T> Default for FairQueue<T> {
    fn default() -> Self {
        Self { lines: VecDeque::new(), places: 0 }
    }
}

impl<T> FairQueue<T> {
    /// Adds an item to the shop's line. While that is more than there are places, whichever
    /// line is the longest loses its newest item, the shop's own if it is one of several:
    /// so nobody loses anything to a shop that has as much waiting. Answers what was lost,
    /// which may be the item itself.
    pub(super) fn push(&mut self, shop: ShopId, places: usize, item: T) -> Vec<T> {
        let entry = Entry { places, item };
        self.places += places;
        match self.lines.iter_mut().find(|line| line.shop == shop) {
            Some(line) => {
                line.places += places;
                line.entries.push_back(entry);
            }
            None => self.lines.push_back(Line { shop, places, entries: VecDeque::from([entry]) }),
        }
        let mut lost = Vec::new();
        while self.places > MAX_WAITING_PLACES {
            lost.extend(self.pop_newest_of_the_longest(shop));
        }
        lost
    }

    fn pop_newest_of_the_longest(&mut self, newcomer: ShopId) -> Option<T> {
        let lines = self.lines.iter().enumerate();
        let (index, _) = lines.max_by_key(|(_, line)| (line.places, line.shop == newcomer))?;
        let line = self.lines.get_mut(index)?;
        let Entry { places, item } = line.entries.pop_back()?;
        line.places -= places;
        self.places -= places;
        if line.entries.is_empty() {
            self.lines.remove(index);
        }
        Some(item)
    }

    /// Takes a batch: one item of each line in turn, and again, until the next does not fit
    /// or none is left. What is not wanted any more is thrown away.
    pub(super) fn take_batch(&mut self, is_wanted: impl Fn(&T) -> bool) -> Vec<T> {
        let mut batch = Vec::new();
        let mut room = MAX_BATCH_PLACES;
        while let Some(mut line) = self.lines.pop_front() {
            if let Some(entry) = line.entries.pop_front() {
                let is_wanted = is_wanted(&entry.item);
                if is_wanted && entry.places > room {
                    line.entries.push_front(entry);
                    self.lines.push_front(line);
                    break;
                }
                line.places -= entry.places;
                self.places -= entry.places;
                if is_wanted {
                    room -= entry.places;
                    batch.push(entry.item);
                }
            }
            if !line.entries.is_empty() {
                self.lines.push_back(line);
            }
        }
        batch
    }

    /// How many items wait.
    pub(super) fn len(&self) -> usize {
        self.lines.iter().map(|line| line.entries.len()).sum()
    }

    /// Takes everything.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = T> {
        let lines = std::mem::take(self).lines;
        lines.into_iter().flat_map(|line| line.entries).map(|entry| entry.item)
    }
}
