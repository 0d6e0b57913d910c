//! Lists, a page at a time.

use hexdesk_domain::Page;

/// The page that this list begins with: at most `limit` entries, or all. `position` tells
/// an entry's place.
pub(crate) fn page_of<T, P>(
    mut list: impl Iterator<Item = anyhow::Result<T>>,
    limit: Option<u32>,
    position: impl FnOnce(&T) -> P,
) -> anyhow::Result<Page<T, P>> {
    let Some(limit) = limit else {
        return Ok(Page { entries: list.collect::<Result<_, _>>()?, next: None });
    };
    // No memory holds a page that does not fit into a usize.
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let entries: Vec<T> = list.by_ref().take(limit).collect::<Result<_, _>>()?;
    // There is a next page only if the list goes on, so the walk looks for one entry more.
    let next = match list.next().transpose()? {
        Some(_) => entries.last().map(position),
        None => None,
    };
    Ok(Page { entries, next })
}

/// How many entries the list has.
pub(crate) fn count_of<T>(mut list: impl Iterator<Item = anyhow::Result<T>>) -> anyhow::Result<u64> {
    list.try_fold(0, |count, entry| entry.map(|_| count + 1))
}
