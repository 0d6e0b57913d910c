//! Which statements a connection keeps prepared, and that these are planned once.

use diesel::QueryResult;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Bool;

/// Is always true, and keeps the driver from keeping the statement prepared. Each of the
/// thousands of combinations of conditions is another statement, and each connection
/// would keep it for ever.
pub(super) fn never_kept() -> SqlLiteral<Bool> {
    sql("TRUE")
}

/// The first rows of a query, with their number spelled out. Of a number that is bound the
/// server does not know how large it is, and plans the query anew each time to find out, which
/// takes as long as reading the rows.
#[derive(Debug)]
pub(super) struct FirstRows<Q> {
    pub(super) query: Q,
    pub(super) rows: i64,
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for FirstRows<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(&format!(" LIMIT {}", self.rows));
        Ok(())
    }
}

impl<Q: Query> Query for FirstRows<Q> {
    type SqlType = Q::SqlType;
}

/// It is known by its text, which holds the number.
impl<Q> QueryId for FirstRows<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
