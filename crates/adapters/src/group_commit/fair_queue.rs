//! A bounded queue in which shops take turns.

use std::collections::VecDeque;

use hexdesk_domain::ShopId;

/// The bytes of text per place. Nearly every ticket and comment takes one place. The longest message
/// with four bytes per character takes eight.
const PLACE_BYTES: usize = 32 * 1024;

/// The places of one batch: up to 128 items and 4 MiB of text. That is twice the 64 callers of the
/// measurements. Such a batch holds its locks for about 15 ms.
const MAX_BATCH_PLACES: usize = 128;

/// The places of the queue: up to 1,024 items and 32 MiB of text. That is eight batches, or about
/// 0.1 s of work. Callers retry items beyond that.
const MAX_WAITING_PLACES: usize = 1024;

/// The number of places for an item with this many bytes of text. An item larger than a batch is a
/// batch of its own.
pub(super) fn places(text_bytes: usize) -> usize {
    text_bytes.div_ceil(PLACE_BYTES).clamp(1, MAX_BATCH_PLACES)
}

/// The waiting items, with a line for each shop. Lines take turns.
pub(super) struct FairQueue<T> {
    /// No line is empty. The next item is in the first line.
    lines: VecDeque<Line<T>>,
    /// The places taken in all lines.
    places: usize,
}

struct Line<T> {
    shop: ShopId,
    /// The places taken in this line.
    places: usize,
    /// The oldest comes first.
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
    /// Adds an item to the line of the shop. While the queue is too long, the longest line loses
    /// its newest item. Among equally long lines, this shop's line loses. So no shop loses an item
    /// to a shop with as many. Returns the lost items, possibly including the new one.
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

    /// Takes a batch: one item of each line in turn, until the next one does not fit or none is left.
    /// Unwanted items are dropped.
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

    /// The number of waiting items.
    pub(super) fn len(&self) -> usize {
        self.lines.iter().map(|line| line.entries.len()).sum()
    }

    /// Takes all items.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = T> {
        let lines = std::mem::take(self).lines;
        lines.into_iter().flat_map(|line| line.entries).map(|entry| entry.item)
    }
}
