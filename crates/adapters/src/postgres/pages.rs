//! Pages of lists.

use std::pin::pin;

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::BigInt;
use futures_util::{Stream, StreamExt};
use hexdesk_domain::{Page, PageBuilder, PageSize, TextBytes};

use super::errors::Failure;

/// Keeps the rows of a subquery before it as far as a page of some bytes can need them: those that
/// fill it, and one more. Without it, the server would read and send a hundred entries of a megabyte
/// for a page of four. The length of a large text is stored apart from it, so it costs no read.
///
/// `bytes` is an expression for a row, of which `divisor` parts are at most its
/// [`TextBytes`](hexdesk_domain::TextBytes). `order` is the order of the subquery.
#[derive(Debug, Clone, Copy)]
pub(super) struct NeededRows {
    bytes: &'static str,
    order: &'static str,
    most: i64,
}

impl NeededRows {
    pub(super) fn new(size: PageSize, bytes: &'static str, divisor: i64, order: &'static str) -> Self {
        let most = i64::try_from(size.bytes).unwrap_or(i64::MAX).saturating_mul(divisor);
        Self { bytes, order, most }
    }

    /// Writes `SELECT * FROM (subquery) WHERE it is needed`. The rows get one more column.
    pub(super) fn walk_ast<'b>(
        &'b self,
        mut out: AstPass<'_, 'b, Pg>,
        subquery: impl FnOnce(AstPass<'_, 'b, Pg>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        out.push_sql("SELECT * FROM (SELECT *, sum(");
        out.push_sql(self.bytes);
        out.push_sql(") OVER (ORDER BY ");
        out.push_sql(self.order);
        out.push_sql(" ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING) AS bytes_before FROM (");
        subquery(out.reborrow())?;
        out.push_sql(") AS listed) AS listed WHERE bytes_before IS NULL OR bytes_before < ");
        out.push_bind_param::<BigInt, _>(&self.most)
    }
}

/// Makes a page of these rows. `entry` returns an entry with its position.
///
/// Rows are read one after another, and those beyond the page are discarded, so they take the memory
/// of one page. The statement has ended when this returns. See [`NeededRows`].
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
    let mut is_full = false;
    while let Some(row) = rows.next().await {
        let row = row?;
        if !is_full {
            let (position, entry) = entry(row)?;
            is_full = page.offer(position, entry).is_break();
        }
    }
    Ok(page.finish())
}
