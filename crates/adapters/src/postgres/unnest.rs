//! Statements over rows that are sent as one array per column. The text is the same for any number
//! of rows, so it is prepared once.
//!
//! If all rows are of one shop, the shop is a parameter. The database then knows it when it plans: a
//! PostgreSQL that is distributed by shop runs the statement where the shop's rows are.

use diesel::dsl::AsExprOf;
use diesel::expression::{AsExpression, Expression};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, SqlType};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// A column of some rows, as an array of this SQL type.
pub(super) type Column<ST, V> = AsExprOf<Vec<V>, Array<ST>>;

/// A column of some rows, from the first to the last.
pub(super) fn column<ST, V>(values: impl Iterator<Item = V>) -> Column<ST, V>
where
    ST: SqlType,
    Vec<V>: AsExpression<Array<ST>>,
{
    values.collect::<Vec<_>>().as_expression()
}

/// Some rows: the shop of each, their other columns, an unused column, and their place from 1.
#[derive(Debug)]
pub(super) struct Rows<C> {
    pub(super) shops: Vec<i64>,
    pub(super) columns: C,
}

impl<C> Rows<C> {
    /// The shop of all rows, if they have the same.
    fn shop(&self) -> Option<&i64> {
        let (first, others) = self.shops.split_first()?;
        others.iter().all(|shop| shop == first).then_some(first)
    }

    /// Writes a part of the statement. `{wanted.shop_id}` in its text is the shop of all rows, or this
    /// column if they have several.
    fn walk_text<'b>(&'b self, text: &str, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut parts = text.split('{');
        out.push_sql(parts.next().unwrap_or_default());
        for (column, rest) in parts.filter_map(|part| part.split_once('}')) {
            match self.shop() {
                Some(shop) => out.push_bind_param::<BigInt, _>(shop)?,
                None => out.push_sql(column),
            }
            out.push_sql(rest);
        }
        Ok(())
    }
}

/// Hides the number of rows from the planner. It would otherwise plan again for each number below
/// its estimate.
const UNKNOWN_LENGTH: &str = ", (SELECT ARRAY[]::bigint[])) WITH ORDINALITY";

impl<C: QueryFragment<Pg>> QueryFragment<Pg> for Rows<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self.shop() {
            Some(shop) => {
                out.push_sql("(SELECT ");
                out.push_bind_param::<BigInt, _>(shop)?;
                out.push_sql(" AS shop_id, listed.* FROM unnest(");
                self.columns.walk_ast(out.reborrow())?;
                out.push_sql(UNKNOWN_LENGTH);
                out.push_sql(" AS listed)");
            }
            None => {
                out.push_sql("unnest(");
                out.push_bind_param::<Array<BigInt>, _>(&self.shops)?;
                out.push_sql(", ");
                self.columns.walk_ast(out.reborrow())?;
                out.push_sql(UNKNOWN_LENGTH);
            }
        }
        Ok(())
    }
}

/// A statement that changes rows: `before`, the rows, `after`.
#[derive(Debug)]
pub(super) struct Change<C> {
    pub(super) before: &'static str,
    pub(super) rows: Rows<C>,
    pub(super) after: &'static str,
}

impl<C: QueryFragment<Pg> + Send> Change<C> {
    /// Runs the statement unless there are no rows, and returns the number of written rows. Several
    /// statements can be sent at once. The server runs them in order.
    pub(super) async fn run(self, mut connection: &AsyncPgConnection) -> QueryResult<usize> {
        if self.rows.shops.is_empty() {
            return Ok(0);
        }
        self.execute(&mut connection).await
    }
}

impl<C: QueryFragment<Pg>> QueryFragment<Pg> for Change<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.before);
        self.rows.walk_ast(out.reborrow())?;
        self.rows.walk_text(self.after, &mut out)
    }
}

/// The statement returns a column of numbers, if `after` ends with it.
impl<C> Query for Change<C> {
    type SqlType = BigInt;
}

/// Identified by its text.
impl<C> QueryId for Change<C> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// A query over rows: `SELECT`, the selection, `from`, the rows, `after`.
#[derive(Debug)]
pub(super) struct Lookup<S, C> {
    pub(super) selection: S,
    pub(super) from: &'static str,
    pub(super) rows: Rows<C>,
    pub(super) after: &'static str,
}

impl<S: QueryFragment<Pg>, C: QueryFragment<Pg>> QueryFragment<Pg> for Lookup<S, C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        self.selection.walk_ast(out.reborrow())?;
        out.push_sql(self.from);
        self.rows.walk_ast(out.reborrow())?;
        self.rows.walk_text(self.after, &mut out)
    }
}

impl<S: Expression, C> Query for Lookup<S, C> {
    type SqlType = S::SqlType;
}

/// Identified by its text.
impl<S, C> QueryId for Lookup<S, C> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
