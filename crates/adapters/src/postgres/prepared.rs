//! Which statements a connection keeps prepared.

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::Bool;

/// Is always true, and keeps the driver from keeping the statement prepared. Each of the
/// thousands of combinations of conditions is another statement, and each connection
/// would keep it for ever.
pub(super) fn never_kept() -> SqlLiteral<Bool> {
    sql("TRUE")
}
