//! Pages of lists.

use hexdesk_domain::Page;

/// Returns the first page of this list: at most `limit` entries, or all. `position` returns an
/// entry's position.
pub(crate) fn page_of<T, P>(
    mut list: impl Iterator<Item = anyhow::Result<T>>,
    limit: Option<u32>,
    position: impl FnOnce(&T) -> P,
) -> anyhow::Result<Page<T, P>> {
    let Some(limit) = limit else {
        return Ok(Page { entries: list.collect::<Result<_, _>>()?, next: None });
    };
    // Memory cannot hold a page with more than `usize::MAX` entries.
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let entries: Vec<T> = list.by_ref().take(limit).collect::<Result<_, _>>()?;
    // Looks for one more entry: the page has a `next` only if the list continues.
    let next = match list.next().transpose()? {
        Some(_) => entries.last().map(position),
        None => None,
    };
    Ok(Page { entries, next })
}

/// Counts the entries of the list.
pub(crate) fn count_of<T>(mut list: impl Iterator<Item = anyhow::Result<T>>) -> anyhow::Result<u64> {
    list.try_fold(0, |count, entry| entry.map(|_| count + 1))
}
