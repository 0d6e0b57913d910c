//! Checks a PostgreSQL database: the server, then the contents.

mod counters;

use diesel::dsl::sql;
use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel::{QueryDsl, QueryableByName, SelectableHelper};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use hexdesk_domain::{Clock, SecretSealer, Timestamp};

use super::errors::Failure;
use super::{PostgresOpenError, PostgresOptions, PostgresStorage, distribution, migrations};
use crate::SystemClock;
use crate::finding::Finding;
use crate::sql::deliveries::AttemptRow;
use crate::sql::diagnosis::{self, Contents, live_keys, open_shops, webhooks_of_open_shops};
use crate::sql::schema::{id_ranges, shops};
use crate::sql::types::{Instant, StoredTimestamp};
use crate::sql::webhooks::WebhookRow;

/// The oldest version that Hexdesk is tested with, as `server_version_num`.
const OLDEST_VERSION: i64 = 150_000;

/// The maximum difference between the server's clock and this machine's.
const CLOCK_TOLERANCE_MILLIS: i64 = 5_000;

/// The settings that make a commit survive a crash, and the loss if they are off.
const DURABILITY: &[(&str, &str)] = &[
    ("fsync", "a crash of the machine can destroy the whole database"),
    ("full_page_writes", "a crash of the machine can destroy pages that were being written"),
    ("synchronous_commit", "a crash of the server loses what was acknowledged last"),
];

pub(crate) async fn diagnose(url: &str, now: Timestamp, sealer: Option<&dyn SecretSealer>) -> Vec<Finding> {
    let mut connection = match connect(url).await {
        Ok(connection) => connection,
        Err(error) => {
            let text = format!("{error}; check --database-url (HEXDESK_DATABASE_URL) and the server");
            return vec![Finding::problem("database", text)];
        }
    };
    let mut findings = vec![Finding::ok("database", "PostgreSQL responds")];
    if let Err(error) = look_inside(&mut connection, now, sealer, &mut findings).await {
        findings.push(Finding::problem("database", format!("cannot be read: {error}")));
    }
    findings
}

async fn connect(url: &str) -> Result<AsyncPgConnection, PostgresOpenError> {
    let storage = PostgresStorage::connect_with(
        url,
        &PostgresOptions { max_connections: 1, pending_list_cleanup: None, ..PostgresOptions::default() },
    )
    .await?;
    Ok(storage.connections.dedicated().await?)
}

async fn look_inside(
    connection: &mut AsyncPgConnection,
    now: Timestamp,
    sealer: Option<&dyn SecretSealer>,
    findings: &mut Vec<Finding>,
) -> Result<(), Failure> {
    findings.push(version(&setting(connection, "server_version_num").await?));
    for (name, loss) in DURABILITY {
        findings.push(durability(name, loss, &setting(connection, name).await?));
    }
    findings.push(clock(connection).await?);
    let state = migrations::state(connection).await?;
    findings.push(diagnosis::migrations(&state));
    if state.missing.is_empty() && state.unknown.is_empty() {
        let contents = Contents {
            range_ends: id_ranges::table.select(id_ranges::reserved_until).load(connection).await?,
            open_shops: open_shops().load(connection).await?,
            live_keys: live_keys(StoredTimestamp(now)).load(connection).await?,
            webhooks: webhooks_of_open_shops()
                .select((shops::domain, WebhookRow::as_select(), Option::<AttemptRow>::as_select()))
                .load(connection)
                .await?,
        };
        findings.extend(contents.findings(now, sealer)?);
        findings.extend(counters::findings(connection).await?);
        if !has_citus(connection).await? {
            return Ok(());
        }
        findings.push(tables(connection).await?);
        findings.extend(nodes(connection).await?);
    }
    Ok(())
}

/// A setting as it is in sessions of this URL.
async fn setting(connection: &mut AsyncPgConnection, name: &str) -> Result<String, Failure> {
    let setting = sql::<Text>("current_setting(").bind::<Text, _>(name).sql(")");
    Ok(diesel::select(setting).get_result(connection).await?)
}

fn version(number: &str) -> Finding {
    let check = "server version";
    // 150004 is 15.4.
    let known = number.parse::<i64>().unwrap_or_default();
    let text = format!("{}.{}", known / 10_000, known % 10_000);
    if known >= OLDEST_VERSION {
        Finding::ok(check, text)
    } else {
        Finding::problem(check, format!("{text}; Hexdesk needs PostgreSQL 15 or later"))
    }
}

fn durability(name: &'static str, loss: &str, value: &str) -> Finding {
    if value == "off" {
        let text =
            format!("off: {loss}; set {name} = on in postgresql.conf (or where it is set), and reload");
        Finding::problem(name, text)
    } else {
        Finding::ok(name, value)
    }
}

async fn clock(connection: &mut AsyncPgConnection) -> Result<Finding, Failure> {
    let before = SystemClock.now();
    let server: StoredTimestamp =
        diesel::select(sql::<Instant>("clock_timestamp()")).get_result(connection).await?;
    let after = SystemClock.now();
    // The server read its clock between the two.
    let ahead = server.0.unix_millis() - after.unix_millis();
    let behind = before.unix_millis() - server.0.unix_millis();
    Ok(if ahead.max(behind) <= CLOCK_TOLERANCE_MILLIS {
        Finding::ok("clock", "the server's clock agrees with this machine's")
    } else {
        let (by, how) = if ahead > 0 { (ahead, "ahead of") } else { (behind, "behind") };
        let text = format!(
            "the server's clock is {} s {how} this machine's; synchronise both with NTP (`timedatectl`)",
            by / 1_000
        );
        Finding::warning("clock", text)
    })
}

async fn has_citus(connection: &mut AsyncPgConnection) -> Result<bool, Failure> {
    let extension = sql::<Bool>("EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')");
    Ok(diesel::select(extension).get_result(connection).await?)
}

/// Whether all tables of the shops are distributed.
async fn tables(connection: &mut AsyncPgConnection) -> Result<Finding, Failure> {
    let check = "distribution";
    let distributed = sql::<Array<Text>>("ARRAY(SELECT logicalrelid::text FROM pg_dist_partition)");
    let distributed: Vec<String> = diesel::select(distributed).get_result(connection).await?;
    let missing: Vec<&str> =
        distribution::tables().filter(|table| !distributed.iter().any(|found| found == table)).collect();
    if missing.is_empty() {
        return Ok(Finding::ok(check, "all tables of the shops are distributed"));
    }
    let text = format!(
        "the extension citus is installed, but these tables are not distributed: {}; stop the servers and \
         run `hexdesk migrate --distribute`",
        missing.join(", ")
    );
    Ok(Finding::warning(check, text))
}

/// A node with shards.
#[derive(Debug, QueryableByName)]
struct Node {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    responds: bool,
    /// The number of shards of each table.
    #[diesel(sql_type = BigInt)]
    shards: i64,
}

/// The nodes, and the number of shards on each.
async fn nodes(connection: &mut AsyncPgConnection) -> Result<Vec<Finding>, Failure> {
    let nodes = diesel::sql_query(
        "SELECT nodename || ':' || nodeport AS name,
            coalesce(citus_check_connection_to_node(nodename, nodeport), FALSE) AS responds,
            (SELECT count(*) FROM pg_dist_placement JOIN pg_dist_shard USING (shardid)
                WHERE groupid = node.groupid AND logicalrelid = to_regclass('tickets')) AS shards
        FROM pg_dist_node AS node WHERE noderole = 'primary' ORDER BY groupid",
    );
    let nodes: Vec<Node> = nodes.load(connection).await?;
    let all: i64 = nodes.iter().map(|node| node.shards).sum();
    let finding = |Node { name, responds, shards }| match responds {
        true => Finding::ok("node", format!("{name} responds; it has {shards} of {all} shards")),
        false => Finding::problem(
            "node",
            format!(
                "{name} does not respond; it has {shards} of {all} shards, and requests of their shops get \
                 503; start it, or promote its standby and call citus_update_node"
            ),
        ),
    };
    Ok(nodes.into_iter().map(finding).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn versions_before_15_are_a_problem() {
        for (number, severity, text) in [
            ("150000", Severity::Ok, "15.0"),
            ("170010", Severity::Ok, "17.10"),
            ("140019", Severity::Problem, "14.19; Hexdesk needs PostgreSQL 15 or later"),
        ] {
            let finding = version(number);
            assert_eq!((finding.severity, finding.text.as_str()), (severity, text));
        }
    }
}
