//! Opens connections.

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use diesel::QueryResult;
use diesel::connection::{Instrumentation, get_default_instrumentation};
use diesel::dsl::sql;
use diesel::sql_types::{BigInt, Bool};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tokio_postgres::Config;
use tokio_postgres::error::SqlState;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::cancellation::Canceller;
use super::errors::{ConnectError, PostgresUrlError, describe};
use super::response_timeout::{LastActivity, ResponseTimeout};
use super::{hosts, tls, url};
use crate::postgres::events::origin::continue_log;
use crate::sql::statement_log;

/// The time limit for opening a connection, including TLS and authentication. All hosts share it
/// equally.
const OPENING_LIMIT: Duration = Duration::from_secs(15);

/// The class of SQLSTATEs for a lack of connections, memory or disk: a retry may succeed.
const INSUFFICIENT_RESOURCES: &str = "53";

/// The reason why a connection to one host failed.
#[derive(Debug)]
struct Refusal {
    text: String,
    is_transient: bool,
}

impl Refusal {
    /// The server could not be reached, or closed the connection.
    fn transient(text: String) -> Self {
        Self { text, is_transient: true }
    }

    fn of(error: &tokio_postgres::Error) -> Self {
        Self { text: describe(error), is_transient: is_transient(error) }
    }
}

/// A connection that was opened.
pub(in crate::postgres) struct Opened {
    pub(super) connection: AsyncPgConnection,
    pub(super) response_timeout: ResponseTimeout,
    /// Whether the database has the extension `citus`.
    pub(super) has_citus: bool,
}

/// Opens connections to the server that a URL names.
pub(in crate::postgres) struct Connector {
    /// One for each host.
    configs: Vec<Config>,
    tls: MakeRustlsConnect,
}

impl Connector {
    pub(in crate::postgres) fn new(url: &str) -> Result<Self, PostgresUrlError> {
        let (configs, policy) = url::parse(url)?;
        Ok(Self { configs, tls: tls::connector(&policy)? })
    }

    /// Returns the canceller of a connection that this opened.
    pub(super) fn canceller(&self, connection: &AsyncPgConnection) -> Canceller {
        Canceller::new(connection, self.tls.clone())
    }

    /// Opens a connection to the first host that accepts one.
    pub(in crate::postgres) async fn establish(&self) -> Result<Opened, ConnectError> {
        let limit = OPENING_LIMIT / u32::try_from(self.configs.len()).unwrap_or(u32::MAX).max(1);
        let mut reasons = Vec::new();
        // A retry makes sense if it may succeed for any host.
        let mut is_transient = false;
        for config in &self.configs {
            let reason = match tokio::time::timeout(limit, self.open(config)).await {
                Ok(Ok(opened)) => return Ok(opened),
                Ok(Err(reason)) => reason,
                Err(_) => Refusal::transient(format!("no response within {} s", limit.as_secs_f32())),
            };
            is_transient |= reason.is_transient;
            reasons.push(format!("{}: {}", hosts::display(config), reason.text));
        }
        Err(ConnectError { text: reasons.join("; "), is_transient })
    }

    async fn open(&self, config: &Config) -> Result<Opened, Refusal> {
        let (client, connection) =
            config.connect(self.tls.clone()).await.map_err(|error| Refusal::of(&error))?;
        let opened = AsyncPgConnection::try_from_client_and_connection(client, connection).await;
        // The connection is open. From here on, an error means that it was lost.
        let lost = |error: &dyn Error| Refusal::transient(error.to_string());
        let mut connection = opened.map_err(|error| lost(&error))?;
        let Seen { timeout, has_citus, is_read_only, has_log } =
            look_around(&mut connection).await.map_err(|error| lost(&error))?;
        read_by_indexes(&mut connection).await.map_err(|error| lost(&error))?;
        if has_citus {
            connection.batch_execute(REACH_WORKERS).await.map_err(|error| lost(&error))?;
        }
        if is_read_only {
            connection.batch_execute(STAY_READ_ONLY).await.map_err(|error| lost(&error))?;
        } else if has_log {
            continue_log(&mut connection).await.map_err(|error| lost(&error))?;
        }
        let last_activity = LastActivity::now();
        let log = statement_log::instrumentation().map(|log| Box::new(log) as Box<dyn Instrumentation>);
        let others = log.or_else(get_default_instrumentation);
        connection.set_instrumentation(last_activity.observer(others));
        let response_timeout = ResponseTimeout::new(last_activity, timeout);
        Ok(Opened { connection, response_timeout, has_citus })
    }

    /// The error for an idle connection that the server has closed.
    pub(in crate::postgres) fn closed(&self) -> ConnectError {
        let names: Vec<String> = self.configs.iter().map(hosts::display).collect();
        let text = format!("{}: the server closed an idle connection", names.join(", "));
        ConnectError { text, is_transient: true }
    }
}

/// What a new session sees. One statement asks for all of it, because the network may be slow.
struct Seen {
    /// The `statement_timeout` in effect. The URL, the role, the database or the server may have set
    /// it.
    timeout: Duration,
    has_citus: bool,
    is_read_only: bool,
    /// Whether the tables are there.
    has_log: bool,
}

async fn look_around(connection: &mut AsyncPgConnection) -> QueryResult<Seen> {
    let seen = sql::<(BigInt, Bool, Bool, Bool)>(
        "(SELECT setting::bigint FROM pg_settings WHERE name = 'statement_timeout'),
        EXISTS (SELECT FROM pg_extension WHERE extname = 'citus'),
        current_setting('transaction_read_only')::boolean,
        to_regclass('log_origin') IS NOT NULL",
    );
    let seen: (i64, bool, bool, bool) = diesel::select(seen).get_result(connection).await?;
    let (millis, has_citus, is_read_only, has_log) = seen;
    let timeout = Duration::from_millis(millis.try_into().unwrap_or_default());
    Ok(Seen { timeout, has_citus, is_read_only, has_log })
}

/// For a session of a standby, which may be promoted while the session lasts. Only a new session
/// compares the origin of the log.
const STAY_READ_ONLY: &str = "SET default_transaction_read_only = on";

/// Makes Citus pass on what a transaction sets, such as its `lock_timeout`, to the nodes it uses.
const REACH_WORKERS: &str = "SET citus.propagate_set_commands = 'local'";

/// Makes the planner use indexes and nested loops, for which every statement is written. A plan
/// made while a table is small would scan the table, and the session would keep that plan.
async fn read_by_indexes(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let settings = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";
    connection.batch_execute(settings).await
}

/// Whether a retry may succeed after this error.
fn is_transient(error: &tokio_postgres::Error) -> bool {
    if let Some(code) = error.code() {
        // The server is starting, stopping or recovering, or lacks a resource.
        return [SqlState::CANNOT_CONNECT_NOW, SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN]
            .contains(code)
            || code.code().starts_with(INSUFFICIENT_RESOURCES);
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return match error.kind() {
                // TLS, or an invalid address.
                ErrorKind::InvalidData | ErrorKind::InvalidInput => false,
                // The file of a socket. The driver uses the same kind for a read-only server,
                // which may become writable.
                ErrorKind::PermissionDenied => error.raw_os_error().is_none(),
                _ => true,
            };
        }
        cause = error.source();
    }
    error.is_closed()
}
