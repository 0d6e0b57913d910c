//! Pages of lists, where they end, and positions in lists.

use std::cmp::Ordering;
use std::convert::Infallible;
use std::ops::ControlFlow;

use crate::limits::{MAX_PAGE_BYTES, MAX_PAGE_ENTRIES};
use crate::text_bytes::TextBytes;
use crate::{CommentId, TicketId, Timestamp};

/// The size of a page of a list. A page ends with the entry that fills it: with its last entry by
/// number, or with the entry by which the [`TextBytes`] of its entries reach `bytes`. So a page
/// holds at least one entry, however large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize {
    /// The maximum number of entries. At least 1; 0 counts as 1.
    pub entries: u32,
    /// The bytes of texts that fill the page. Only its last entry may exceed them.
    pub bytes: usize,
}

impl PageSize {
    /// The largest page that a client can request.
    pub const MAX: Self = Self::of(MAX_PAGE_ENTRIES);

    /// A page of up to this many entries, which [`MAX_PAGE_BYTES`] fill.
    pub const fn of(entries: u32) -> Self {
        Self { entries, bytes: MAX_PAGE_BYTES }
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, P> {
    /// Its entries, in the list's order.
    pub entries: Vec<T>,
    /// The position of its last entry, if the list continues.
    pub next: Option<P>,
}

impl<T: TextBytes, P> Page<T, P> {
    /// Returns the first page of this list of entries with their positions. Takes one more entry
    /// than the page holds: it shows that the list continues.
    pub fn cut(list: impl IntoIterator<Item = (P, T)>, size: PageSize) -> Self {
        let Ok(page) = Self::try_cut(list.into_iter().map(Ok::<_, Infallible>), size);
        page
    }

    /// As [`Self::cut`], for a list whose entries know their positions.
    pub fn from_list(list: impl IntoIterator<Item = T>, size: PageSize, position: impl Fn(&T) -> P) -> Self {
        Self::cut(list.into_iter().map(|entry| (position(&entry), entry)), size)
    }

    /// As [`Self::from_list`]. Ends with the first error.
    ///
    /// # Errors
    /// The first error of the list.
    pub fn try_from_list<E>(
        list: impl IntoIterator<Item = Result<T, E>>,
        size: PageSize,
        position: impl Fn(&T) -> P,
    ) -> Result<Self, E> {
        Self::try_cut(list.into_iter().map(|entry| entry.map(|entry| (position(&entry), entry))), size)
    }

    /// As [`Self::cut`]. Ends with the first error.
    ///
    /// # Errors
    /// The first error of the list.
    pub fn try_cut<E>(list: impl IntoIterator<Item = Result<(P, T), E>>, size: PageSize) -> Result<Self, E> {
        let mut page = PageBuilder::new(size);
        for entry in list {
            let (position, entry) = entry?;
            if page.offer(position, entry).is_break() {
                break;
            }
        }
        Ok(page.finish())
    }
}

/// Builds a page entry by entry, from a list that is not an iterator. See [`Page::try_cut`].
#[derive(Debug)]
pub struct PageBuilder<T, P> {
    size: PageSize,
    entries: Vec<T>,
    bytes: usize,
    last: Option<P>,
    goes_on: bool,
}

impl<T: TextBytes, P> PageBuilder<T, P> {
    /// An empty page.
    pub const fn new(size: PageSize) -> Self {
        Self { size, entries: Vec::new(), bytes: 0, last: None, goes_on: false }
    }

    /// Offers the next entry of the list. A full page does not take it: the entry only shows that
    /// the list continues, and the page needs no further one.
    pub fn offer(&mut self, position: P, entry: T) -> ControlFlow<()> {
        // A page cannot hold more entries than an address can count.
        let max_entries = usize::try_from(self.size.entries).unwrap_or(usize::MAX);
        let is_full = self.entries.len() >= max_entries || self.bytes >= self.size.bytes;
        if is_full && !self.entries.is_empty() {
            self.goes_on = true;
            return ControlFlow::Break(());
        }
        self.bytes = self.bytes.saturating_add(entry.text_bytes());
        self.entries.push(entry);
        self.last = Some(position);
        ControlFlow::Continue(())
    }

    /// Returns the page. It has a next one if an entry was offered to it when it was full.
    pub fn finish(self) -> Page<T, P> {
        let Self { entries, last, goes_on, .. } = self;
        Page { entries, next: last.filter(|_| goes_on) }
    }
}

/// A ticket's position in a list of tickets. The latest activity is first (TICKET-14). A smaller
/// position is nearer to the beginning of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketPosition {
    /// Its `last_message_time`. The latest is first.
    pub last_message_time: Timestamp,
    /// Its id. At the same time, the largest is first.
    pub id: TicketId,
}

impl Ord for TicketPosition {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.last_message_time, other.id).cmp(&(self.last_message_time, self.id))
    }
}

impl PartialOrd for TicketPosition {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A ticket's position in the results of a search (SEARCH-2). A smaller position is nearer to the
/// beginning of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchPosition {
    /// Its rank. The largest is first.
    pub rank: u32,
    /// Its position among the tickets of the same rank.
    pub ticket: TicketPosition,
}

impl Ord for SearchPosition {
    fn cmp(&self, other: &Self) -> Ordering {
        other.rank.cmp(&self.rank).then(self.ticket.cmp(&other.ticket))
    }
}

impl PartialOrd for SearchPosition {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A comment's position in the list of its ticket. The earliest is first (COMMENT-7). A smaller
/// position is nearer to the beginning of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommentPosition {
    /// Its time. The earliest is first.
    pub time: Timestamp,
    /// Its id. At the same time, the smallest is first.
    pub id: CommentId,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(texts: &[&str], entries: u32, bytes: usize) -> (usize, Option<usize>) {
        let list = texts.iter().map(|text| (*text).to_owned()).enumerate();
        let Page { entries, next } = Page::cut(list, PageSize { entries, bytes });
        (entries.len(), next)
    }

    #[test]
    fn a_page_ends_with_the_entry_that_fills_it() {
        assert_eq!(page(&[], 2, 9), (0, None));
        assert_eq!(page(&["a", "b"], 2, 9), (2, None));
        assert_eq!(page(&["a", "b", "c"], 2, 9), (2, Some(1)));
        // Bytes, not characters.
        for (bytes, expected) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (7, 3), (8, 4), (9, 5)] {
            assert_eq!(page(&["é", "é", "日", "d", "e"], 9, bytes).0, expected, "{bytes}");
        }
        assert_eq!(page(&["é", "é"], 9, 4), (2, None));
        assert_eq!(page(&["é", "é", ""], 9, 4), (2, Some(1)));
    }

    #[test]
    fn a_page_holds_at_least_one_entry() {
        for (entries, bytes) in [(0, 0), (0, 9), (1, 0)] {
            assert_eq!(page(&["", ""], entries, bytes), (1, Some(0)));
        }
        assert_eq!(page(&["larger than the page", "b"], 9, 1), (1, Some(0)));
    }

    #[test]
    fn no_entry_is_read_after_the_one_that_shows_the_next_page() {
        let mut read = 0;
        let list = (0..9).map(|place| {
            read += 1;
            (place, String::from("1234"))
        });
        assert_eq!(Page::cut(list, PageSize { entries: 9, bytes: 8 }).next, Some(1));
        assert_eq!(read, 3);
    }

    #[test]
    fn a_list_whose_entries_know_their_positions_has_the_same_pages() {
        let list = || ["a", "bc", "def"].map(String::from);
        let size = PageSize::of(2);
        let page = Page::from_list(list(), size, String::len);
        assert_eq!(page, Page { entries: vec!["a".into(), "bc".into()], next: Some(2) });
        assert_eq!(Page::try_from_list(list().map(Ok::<_, ()>), size, String::len), Ok(page));
        assert_eq!(Page::try_from_list([Ok(String::new()), Err(7)], size, String::len), Err(7));
    }

    #[test]
    fn positions_are_in_the_order_of_their_lists() {
        let at = |millis| Timestamp::from_unix_millis(millis).unwrap();
        let ticket =
            |millis, id| TicketPosition { last_message_time: at(millis), id: TicketId::new(id).unwrap() };
        assert!(ticket(2, 1) < ticket(1, 9) && ticket(1, 9) < ticket(1, 8));
        let found = |rank, ticket| SearchPosition { rank, ticket };
        assert!(found(4, ticket(1, 1)) < found(2, ticket(9, 9)));
        assert!(found(2, ticket(9, 9)) < found(2, ticket(9, 8)));
        let comment = |millis, id| CommentPosition { time: at(millis), id: CommentId::new(id).unwrap() };
        assert!(comment(1, 9) < comment(2, 1) && comment(1, 8) < comment(1, 9));
    }

    #[test]
    fn an_error_of_the_list_is_returned_unless_the_page_ends_before_it() {
        let list = || [Ok((1, String::from("ab"))), Ok((2, String::from("cd"))), Err("broken")];
        assert_eq!(Page::try_cut(list(), PageSize::MAX), Err("broken"));
        let page = Page::try_cut(list(), PageSize { entries: 1, bytes: 9 });
        assert_eq!(page.map(|page| page.next), Ok(Some(1)));
    }
}
