//! Pages of lists.

use hexdesk_domain::{Page, PageSize, TextBytes};

/// Returns the first page of this list. Reads no further than the page needs, and ends with the
/// first error. `position` returns an entry's position.
pub(crate) fn page_of<T: TextBytes, P>(
    list: impl Iterator<Item = anyhow::Result<T>>,
    size: PageSize,
    position: impl Fn(&T) -> P,
) -> anyhow::Result<Page<T, P>> {
    Page::try_cut(list.map(|entry| entry.map(|entry| (position(&entry), entry))), size)
}

/// Counts the entries of the list.
pub(crate) fn count_of<T>(mut list: impl Iterator<Item = anyhow::Result<T>>) -> anyhow::Result<u64> {
    list.try_fold(0, |count, entry| entry.map(|_| count + 1))
}
