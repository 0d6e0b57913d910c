//! The pages that the cases expect.

use hexdesk_domain::limits::MAX_PAGE_ENTRIES;
use hexdesk_domain::{Page, PageSize, TextBytes};

/// Returns the pages of this list, each with the position that it follows. An empty list has one
/// empty page. Written without the domain's code, which the reference store uses.
pub(crate) fn pages_of<T: TextBytes + Clone, P: Copy>(
    list: &[T],
    size: PageSize,
    position: impl Fn(&T) -> P,
) -> Vec<(Option<P>, Page<T, P>)> {
    let mut pages = Vec::new();
    let (mut rest, mut after) = (list, None);
    loop {
        let (mut length, mut bytes) = (0, 0);
        for entry in rest.iter().take(size.entries as usize) {
            length += 1;
            bytes += entry.text_bytes();
            if bytes >= size.bytes {
                break;
            }
        }
        let (entries, others) = rest.split_at(length);
        let next = entries.last().filter(|_| !others.is_empty()).map(&position);
        pages.push((after, Page { entries: entries.to_vec(), next }));
        if next.is_none() {
            return pages;
        }
        (rest, after) = (others, next);
    }
}

/// Returns sizes with which pages of this list end by bytes: with each entry, and at, just below and
/// just above the bytes of some entries.
pub(crate) fn sizes_by_bytes<T: TextBytes>(list: &[T]) -> Vec<PageSize> {
    let first = |count: usize| list.iter().take(count).map(T::text_bytes).sum::<usize>();
    let borders = [1, 2, list.len() / 2, list.len()].map(first);
    let around = borders.into_iter().flat_map(|border| [border.saturating_sub(1), border, border + 1]);
    let by_bytes = around.chain([1]).map(|bytes| PageSize { entries: MAX_PAGE_ENTRIES, bytes });
    // Some pages end by entries, others by bytes.
    by_bytes.chain([PageSize { entries: 2, bytes: first(1) + 1 }]).collect()
}
