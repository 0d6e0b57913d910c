//! A bounded queue in which shops take turns.

use std::collections::VecDeque;

use hexdesk_domain::ShopId;

/// The waiting items, with a line for each shop. Lines take turns.
pub(crate) struct FairQueue<T> {
    /// No line is empty. The next item is in the first line.
    lines: VecDeque<Line<T>>,
    /// The places taken in all lines.
    places: usize,
    max_places: usize,
    max_places_of_a_shop: usize,
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

impl<T> FairQueue<T> {
    /// Creates an empty queue with this many places, and at most this many for each shop.
    pub(crate) fn new(max_places: usize, max_places_of_a_shop: usize) -> Self {
        Self { lines: VecDeque::new(), places: 0, max_places, max_places_of_a_shop }
    }

    /// Adds an item to the line of the shop. If this line is too long, it loses its newest items.
    /// While the queue is too long, the longest line loses its newest item. Among equally long
    /// lines, this shop's line loses. So no shop loses an item to a shop with as many. Returns the
    /// lost items, possibly including the new one.
    pub(crate) fn push(&mut self, shop: ShopId, places: usize, item: T) -> Vec<T> {
        let entry = Entry { places, item };
        self.places += places;
        let index = self.lines.iter().position(|line| line.shop == shop).unwrap_or_else(|| {
            self.lines.push_back(Line { shop, places: 0, entries: VecDeque::new() });
            self.lines.len() - 1
        });
        if let Some(line) = self.lines.get_mut(index) {
            line.places += places;
            line.entries.push_back(entry);
        }
        let mut lost = Vec::new();
        while self.lines.get(index).is_some_and(|line| line.places > self.max_places_of_a_shop) {
            lost.extend(self.pop_newest(index));
        }
        while self.places > self.max_places {
            let lines = self.lines.iter().enumerate();
            let longest = lines.max_by_key(|(_, line)| (line.places, line.shop == shop));
            lost.extend(longest.map(|(index, _)| index).and_then(|index| self.pop_newest(index)));
        }
        lost
    }

    fn pop_newest(&mut self, index: usize) -> Option<T> {
        let line = self.lines.get_mut(index)?;
        let Entry { places, item } = line.entries.pop_back()?;
        line.places -= places;
        self.places -= places;
        if line.entries.is_empty() {
            self.lines.remove(index);
        }
        Some(item)
    }

    /// Takes the oldest item of a line. The line then has the last turn.
    fn pop_oldest(&mut self, index: usize) -> Option<(ShopId, Entry<T>)> {
        let mut line = self.lines.remove(index)?;
        let entry = line.entries.pop_front()?;
        line.places -= entry.places;
        self.places -= entry.places;
        let shop = line.shop;
        if !line.entries.is_empty() {
            self.lines.push_back(line);
        }
        Some((shop, entry))
    }

    /// Takes the next item of the shops that may have one. The other lines keep their turn.
    pub(crate) fn take(&mut self, may_have_one: impl Fn(ShopId) -> bool) -> Option<(ShopId, T)> {
        let index = self.lines.iter().position(|line| may_have_one(line.shop))?;
        self.pop_oldest(index).map(|(shop, entry)| (shop, entry.item))
    }

    /// Takes a batch of the shops that may be in it: one item of each in turn, until the next one does
    /// not fit or none is left. The other shops keep their turn. Unwanted items are dropped.
    pub(crate) fn take_batch(
        &mut self,
        max_places: usize,
        may_be_in_it: impl Fn(ShopId) -> bool,
        is_wanted: impl Fn(&T) -> bool,
    ) -> Vec<T> {
        let mut batch = Vec::new();
        let mut room = max_places;
        while let Some(index) = self.lines.iter().position(|line| may_be_in_it(line.shop))
            && let Some(next) = self.lines.get(index).and_then(|line| line.entries.front())
        {
            let is_wanted = is_wanted(&next.item);
            if is_wanted && next.places > room {
                break;
            }
            if let Some((_, entry)) = self.pop_oldest(index)
                && is_wanted
            {
                room -= entry.places;
                batch.push(entry.item);
            }
        }
        batch
    }

    /// The first shop that may have a turn.
    pub(crate) fn next_shop(&self, may_have_one: impl Fn(ShopId) -> bool) -> Option<ShopId> {
        self.lines.iter().map(|line| line.shop).find(|shop| may_have_one(*shop))
    }

    /// Removes this item of the shop, if it still waits.
    pub(crate) fn remove(&mut self, shop: ShopId, is_it: impl Fn(&T) -> bool) -> Option<T> {
        let index = self.lines.iter().position(|line| line.shop == shop)?;
        let line = self.lines.get_mut(index)?;
        let position = line.entries.iter().position(|entry| is_it(&entry.item))?;
        let Entry { places, item } = line.entries.remove(position)?;
        line.places -= places;
        self.places -= places;
        if line.entries.is_empty() {
            self.lines.remove(index);
        }
        Some(item)
    }

    /// The number of waiting items.
    pub(crate) fn len(&self) -> usize {
        self.lines.iter().map(|line| line.entries.len()).sum()
    }

    /// Takes all items.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = T> + use<T> {
        self.places = 0;
        let lines = std::mem::take(&mut self.lines);
        lines.into_iter().flat_map(|line| line.entries).map(|entry| entry.item)
    }
}
