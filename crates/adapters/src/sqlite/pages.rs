//! Pages of lists.

use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::BigInt;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel::{QueryResult, RunQueryDsl};
use hexdesk_domain::{Page, PageSize, TextBytes};

use crate::sql::page::rows_to_ask_for;

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

/// A limit as a sum: SQLite would prepare a statement whose limit is a parameter alone again on every
/// call.
pub(super) const LIMIT: &str = " LIMIT 0 + ";

/// A query for a page.
#[derive(Debug, QueryId)]
pub(super) struct PageOf<Q> {
    query: Q,
    rows: i64,
}

/// Limits a query to the rows of a page.
pub(super) fn page_of<Q>(query: Q, size: PageSize) -> PageOf<Q> {
    PageOf { query, rows: rows_to_ask_for(size) }
}

impl<Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for PageOf<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(LIMIT);
        out.push_bind_param::<BigInt, _>(&self.rows)
    }
}

impl<Q: Query> Query for PageOf<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> RunQueryDsl<SqliteConnection> for PageOf<Q> {}
