//! Checks for transactions that hold a shop's counter for long. All writes of the shop wait for them.

use diesel::QueryableByName;
use diesel::sql_types::{Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::finding::Finding;
use crate::postgres::errors::Failure;
use crate::sql::types::{Instant, StoredTimestamp};

/// The most characters of a statement to show.
const MAX_STATEMENT: usize = 120;

/// The age of a transaction is hidden from a role that is not a member of `pg_read_all_stats`. Then the
/// longest wait for the transaction is its age. Of transactions that wait for each other, only those
/// that wait for none are reported.
const HOLDERS: &str = "
    WITH RECURSIVE involved AS (
        SELECT pid FROM pg_locks
        WHERE granted AND relation = to_regclass('shop_counters')
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND mode NOT IN ('AccessShareLock', 'ShareUpdateExclusiveLock')
        UNION
        SELECT unnest(pg_blocking_pids(pid)) FROM involved
    ), holders AS (
        SELECT pid, usename::text AS role, application_name AS application,
            coalesce(host(client_addr), 'this machine') AS client, state, query,
            coalesce(xact_start, (
                SELECT min(waitstart) FROM pg_locks AS waiting
                WHERE NOT granted AND activity.pid = ANY (pg_blocking_pids(waiting.pid))
            )) AS since
        FROM pg_stat_activity AS activity JOIN involved USING (pid)
        WHERE NOT EXISTS (SELECT FROM pg_locks AS own WHERE own.pid = activity.pid AND NOT own.granted)
    )
    SELECT * FROM holders WHERE since < clock_timestamp() - interval '5 seconds' ORDER BY since, pid";

#[derive(Debug, QueryableByName)]
struct Holder {
    #[diesel(sql_type = Integer)]
    pid: i32,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    application: Option<String>,
    #[diesel(sql_type = Text)]
    client: String,
    #[diesel(sql_type = Nullable<Text>)]
    state: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    query: Option<String>,
    #[diesel(sql_type = Instant)]
    since: StoredTimestamp,
}

pub(super) async fn findings(connection: &mut AsyncPgConnection) -> Result<Vec<Finding>, Failure> {
    let holders: Vec<Holder> = diesel::sql_query(HOLDERS).load(connection).await?;
    if holders.is_empty() {
        let text = "no transaction has held one for more than 5 seconds";
        return Ok(vec![Finding::ok("shop counters", text)]);
    }
    Ok(holders.into_iter().map(Holder::finding).collect())
}

impl Holder {
    fn finding(self) -> Finding {
        let Self { pid, role, application, client, state, query, since } = self;
        let known = |text: Option<String>| text.filter(|text| !text.is_empty());
        Finding::warning(
            "shop counters",
            format!(
                "process {pid} of PostgreSQL (application {}, role {}, client {client}) has had a transaction \
                 open since {}, and writes of a shop wait for it; it is {}, with the statement: {}; end the \
                 transaction in that program, or with `SELECT pg_terminate_backend({pid})`",
                known(application).as_deref().unwrap_or("unknown"),
                known(role).as_deref().unwrap_or("unknown"),
                since.0,
                known(state).as_deref().unwrap_or("in a state that this role may not see"),
                shown(&known(query).unwrap_or_else(|| "unknown".to_owned())),
            ),
        )
    }
}

/// The beginning of a statement, without its literals: they may be data of customers.
fn shown(statement: &str) -> String {
    let parts = statement.split('\'').enumerate();
    let hidden = parts.map(|(index, part)| if index % 2 == 0 { part } else { "'…'" });
    let line = hidden.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_STATEMENT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_statement_is_shown_without_literals() {
        let statement = "UPDATE t\n  SET a = 'it''s Ada', b = 7\tWHERE c = 'x';";
        assert_eq!(shown(statement), "UPDATE t SET a = '…''…', b = 7 WHERE c = '…';");
        assert_eq!(shown(&"é".repeat(121)), format!("{}…", "é".repeat(120)));
        assert_eq!(shown("SELECT 'unfinished"), "SELECT '…'");
    }
}
