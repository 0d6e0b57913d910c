//! Pages of lists.

use std::pin::pin;

use diesel::QueryResult;
use futures_util::{Stream, StreamExt};
use hexdesk_domain::{Page, PageBuilder, PageSize, TextBytes};

use super::errors::Failure;

/// Makes a page of these rows. `entry` returns an entry with its position.
///
/// Rows are read one after another, and not beyond the page, so they take the memory of one page:
/// the driver buffers few of them. The server still sends the rest, and the driver discards it
/// before the next statement of the connection.
pub(super) async fn read<R, T, P, E>(
    rows: impl Stream<Item = QueryResult<R>>,
    size: PageSize,
    entry: impl Fn(R) -> Result<(P, T), E>,
) -> Result<Page<T, P>, Failure>
where
    T: TextBytes,
    Failure: From<E>,
{
    let mut rows = pin!(rows);
    let mut page = PageBuilder::new(size);
    while let Some(row) = rows.next().await {
        let (position, entry) = entry(row?)?;
        if page.offer(position, entry).is_break() {
            break;
        }
    }
    Ok(page.finish())
}
