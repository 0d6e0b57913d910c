//! Which statements a connection keeps prepared, and that these are planned once.

use diesel::QueryResult;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::sql_types::{BigInt, Bool};
use hexdesk_domain::limits::DEFAULT_PAGE_ENTRIES;

use crate::sql::page;

/// Is always true, and keeps the driver from keeping the statement prepared. Each of the
/// thousands of combinations of conditions is another statement, and each connection
/// would keep it for ever.
pub(super) fn never_kept() -> SqlLiteral<Bool> {
    sql("TRUE")
}

/// The `LIMIT` of a page of so many entries: spelled out for a page of the usual length, which
/// makes it another statement than that for pages of all other lengths. Of a number that is
/// bound PostgreSQL does not know how large it is, and plans the statement anew each time to
/// find out, which takes as long as reading the rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageLimit {
    pub(super) entries: u32,
    rows: i64,
}

impl PageLimit {
    pub(super) fn new(entries: u32) -> Self {
        Self { entries, rows: page::rows_to_ask_for(entries) }
    }
}

impl QueryFragment<Pg> for PageLimit {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(" LIMIT ");
        if self.entries == DEFAULT_PAGE_ENTRIES {
            out.push_sql(&self.rows.to_string());
            return Ok(());
        }
        out.push_bind_param::<BigInt, _>(&self.rows)
    }
}
