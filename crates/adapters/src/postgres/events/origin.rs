//! The origin of the log: the database in which it was written last.
//!
//! A copy, a restored backup, or a standby that was promoted may lack events that readers of the
//! original have seen. Its counters are behind their cursors. So the first session of such a
//! database moves the counters ahead, before anything is written.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

/// Moves the counters by more changes than any shop writes after a backup, and at least to a number
/// that follows from the clock: 16 changes a millisecond. Otherwise a second restore of the same
/// backup would assign the numbers of the first again. Two billion moves fit into 2^63.
async fn move_ahead(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    // A statement of its own: Citus refuses the clock in an update of several nodes.
    let now = sql::<BigInt>("trunc(extract(epoch FROM clock_timestamp()) * 16000)::bigint");
    let now: i64 = diesel::select(now).get_result(connection).await?;
    let moved = format!("UPDATE shop_counters SET changes = greatest(changes + (1::bigint << 32), {now})");
    connection.batch_execute(&moved).await
}

/// This database, as a row of `log_origin`. The name of the file that is being written begins with
/// the timeline.
const HERE: &str = "SELECT system_identifier, pg_database.oid::bigint, 'events'::regclass::oid::bigint,
        left(pg_walfile_name(pg_current_wal_lsn()), 8)
    FROM pg_control_system(), pg_database WHERE datname = current_database()";

/// Moves the counters ahead if the log was last written elsewhere. Must run before a session writes.
pub(in crate::postgres) async fn continue_log(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    if is_known(connection).await? {
        return Ok(());
    }
    let is_moved = connection
        .transaction(async |connection| {
            // Sessions that open at the same time wait for each other.
            connection.batch_execute("LOCK TABLE log_origin IN SHARE ROW EXCLUSIVE MODE").await?;
            if is_known(connection).await? {
                return Ok(false);
            }
            let is_moved = holds(connection, "EXISTS (SELECT FROM log_origin)").await?;
            if is_moved {
                move_ahead(connection).await?;
            }
            let origin = format!(
                "DELETE FROM log_origin; \
                 INSERT INTO log_origin (system_identifier, database_oid, events_oid, timeline) {HERE}"
            );
            connection.batch_execute(&origin).await?;
            QueryResult::Ok(is_moved)
        })
        .await?;
    if is_moved {
        tracing::warn!(
            "this database is a copy, a restored backup or a promoted standby: new events get positions \
             ahead of all that readers may have seen in the original"
        );
    }
    Ok(())
}

/// Whether the log was last written in this database.
async fn is_known(connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let known = format!(
        "EXISTS (SELECT FROM log_origin
            WHERE (system_identifier, database_oid, events_oid, timeline) = ({HERE}))"
    );
    holds(connection, &known).await
}

async fn holds(connection: &mut AsyncPgConnection, condition: &str) -> QueryResult<bool> {
    diesel::select(sql::<Bool>(condition)).get_result(connection).await
}
