//! The numbers of changes, in a database that comes from another server.
//!
//! Transactions are numbered by the server. In a database that was restored into one whose
//! numbers are smaller, the events it brought along would stand behind all that comes, out of
//! every reader's sight.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;

/// What a later transaction's number has to be raised by, to lie above those of all events;
/// nothing if it does. It is raised by 2^32 more: who has read on in the other server's
/// database since it was dumped knows places further on, and what happens here has to stand
/// behind those too. 2^63 is far enough away for that to happen a billion times.
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

/// Has changes numbered above all that are there, as they are unless the database comes from
/// another server.
pub(in crate::postgres) fn go_on_above(
    connection: &mut AsyncConnectionWrapper<AsyncPgConnection>,
) -> QueryResult<()> {
    if missing(connection)?.is_none() {
        return Ok(());
    }
    connection.transaction(|connection| {
        // Whoever writes now still has a small number.
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
