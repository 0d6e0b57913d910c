//! Opens connections.

use std::error::Error;
use std::time::Duration;

use diesel::QueryResult;
use diesel::dsl::sql;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tokio_postgres::config::Host;
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::silence::{LastEvent, SilenceLimit};
use super::tls;
use super::url::{self, PostgresUrlError};
use crate::statement_log;

/// How long a connection may take to open, over all hosts, TLS and authentication included.
const OPENING_LIMIT: Duration = Duration::from_secs(15);

/// No connection could be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to PostgreSQL at {hosts}: {reason}")]
pub struct ConnectError {
    hosts: String,
    reason: String,
}

/// Opens connections to the server that a URL names.
pub(super) struct Connector {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Connector {
    pub(super) fn new(url: &str) -> Result<Self, PostgresUrlError> {
        let (config, policy) = url::parse(url)?;
        Ok(Self { config, tls: tls::connector(&policy)? })
    }

    /// A connection, and how long it may be silent while it is in use.
    pub(super) async fn establish(&self) -> Result<(AsyncPgConnection, SilenceLimit), ConnectError> {
        match tokio::time::timeout(OPENING_LIMIT, self.open()).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(reason)) => Err(self.error(reason)),
            Err(_) => Err(self.error(format!("no answer within {} s", OPENING_LIMIT.as_secs()))),
        }
    }

    async fn open(&self) -> Result<(AsyncPgConnection, SilenceLimit), String> {
        let opened = match &self.tls {
            None => {
                let (client, connection) =
                    self.config.connect(NoTls).await.map_err(|error| describe(&error))?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
            Some(tls) => {
                let (client, connection) =
                    self.config.connect(tls.clone()).await.map_err(|error| describe(&error))?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
        };
        let mut connection = opened.map_err(|error| error.to_string())?;
        let timeout = statement_timeout(&mut connection).await.map_err(|error| error.to_string())?;
        let last_event = LastEvent::now();
        connection.set_instrumentation(last_event.observer(statement_log::instrumentation()));
        Ok((connection, SilenceLimit::new(last_event, timeout)))
    }

    /// What there is to say of a connection that ended while nobody used it.
    pub(super) fn closed(&self) -> ConnectError {
        self.error("the server closed an idle connection".into())
    }

    fn error(&self, reason: String) -> ConnectError {
        let ports = self.config.get_ports();
        let hosts: Vec<String> = self
            .config
            .get_hosts()
            .iter()
            .enumerate()
            .map(|(index, host)| {
                let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
                match host {
                    Host::Tcp(name) => format!("{name}:{port}"),
                    Host::Unix(path) => format!("{} (port {port})", path.display()),
                }
            })
            .collect();
        ConnectError { hosts: hosts.join(", "), reason }
    }
}

/// What the server has of it, whoever said so: the URL, the role, the database or its
/// configuration.
async fn statement_timeout(connection: &mut AsyncPgConnection) -> QueryResult<Duration> {
    let millis = sql::<BigInt>("(SELECT setting::bigint FROM pg_settings WHERE name = 'statement_timeout')");
    let millis: i64 = diesel::select(millis).get_result(connection).await?;
    Ok(Duration::from_millis(millis.try_into().unwrap_or_default()))
}

/// What the driver has to say, without the details in which a server repeats values.
pub(super) fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(refusal) = error.as_db_error() {
        return format!("{} (SQLSTATE {})", refusal.message(), refusal.code().code());
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
