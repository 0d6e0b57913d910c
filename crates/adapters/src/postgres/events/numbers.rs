//! The numbers of changes in a database that was restored from another server.
//!
//! The server numbers transactions. If its numbers are smaller than the numbers of the restored
//! events, new events would sort before those events. Readers would never see them.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;

/// The number to add to the number of a transaction, so that it exceeds the numbers of all events.
/// No row if it already does. The result includes 2^32 more: a reader may have read further on the
/// other server after the dump. New events must come after that position too. A billion such
/// restores fit into 2^63.
const MISSING: &str = "
    SELECT max(change) + (1::bigint << 32) - next::text::bigint AS missing
    FROM pg_snapshot_xmax(pg_current_snapshot()) AS next, shops CROSS JOIN LATERAL (
        SELECT change FROM events WHERE events.shop_id = shops.id ORDER BY change DESC LIMIT 1
    ) AS newest
    GROUP BY next HAVING max(change) >= event_change(next)";

#[derive(Debug, QueryableByName)]
struct Missing {
    #[diesel(sql_type = BigInt)]
    missing: i64,
}

/// Makes the numbers of new changes exceed all existing ones. Does nothing unless the database was
/// restored from another server.
pub(in crate::postgres) fn raise_above_existing(
    connection: &mut AsyncConnectionWrapper<AsyncPgConnection>,
) -> QueryResult<()> {
    if missing(connection)?.is_none() {
        return Ok(());
    }
    connection.transaction(|connection| {
        // A concurrent write would still get a small number.
        connection.batch_execute("LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE")?;
        match missing(connection)? {
            None => Ok(()),
            Some(missing) => connection.batch_execute(&format!(
                "CREATE OR REPLACE FUNCTION event_change(transaction XID8) RETURNS BIGINT
                    LANGUAGE sql IMMUTABLE PARALLEL SAFE
                    AS 'SELECT transaction::text::bigint + {missing}'"
            )),
        }
    })
}

fn missing(connection: &mut AsyncConnectionWrapper<AsyncPgConnection>) -> QueryResult<Option<i64>> {
    let found: Option<Missing> = diesel::sql_query(MISSING).get_result(connection).optional()?;
    Ok(found.map(|found| found.missing))
}
