//! Which statements a connection keeps prepared.

use diesel::QueryResult;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::sql_types::{BigInt, Bool};
use hexdesk_domain::PageSize;
use hexdesk_domain::limits::DEFAULT_PAGE_ENTRIES;

use crate::sql::page;

/// A condition that is always true, and prevents the driver from keeping the statement. The
/// conditions of a filter combine to thousands of statements, and each connection would keep all
/// of them.
pub(super) fn never_kept() -> SqlLiteral<Bool> {
    sql("TRUE")
}

/// The `LIMIT` of a page. The default length is part of the text, as a statement of its own. With a
/// bound limit, PostgreSQL plans the statement again on every call. Planning takes as long as
/// reading the rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageLimit {
    is_default: bool,
    rows: i64,
}

impl PageLimit {
    pub(super) fn new(size: PageSize) -> Self {
        Self { is_default: size.entries == DEFAULT_PAGE_ENTRIES, rows: page::rows_to_ask_for(size) }
    }
}

impl QueryFragment<Pg> for PageLimit {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(" LIMIT ");
        if self.is_default {
            out.push_sql(&self.rows.to_string());
            return Ok(());
        }
        out.push_bind_param::<BigInt, _>(&self.rows)
    }
}
