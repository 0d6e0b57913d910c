//! Pages of lists.

use diesel::QueryResult;
use hexdesk_domain::{Page, PageSize, TextBytes};

/// Makes a page of these rows. `entry` returns an entry with its position. Rows are read one after
/// another, and not beyond the page, so they take the memory of one page.
pub(super) fn read<R, T, P, E>(
    rows: impl Iterator<Item = QueryResult<R>>,
    size: PageSize,
    entry: impl Fn(R) -> Result<(P, T), E>,
) -> anyhow::Result<Page<T, P>>
where
    T: TextBytes,
    anyhow::Error: From<E>,
{
    Page::try_cut(rows.map(|row| Ok(entry(row?)?)), size)
}
