//! Opens connections.

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection};
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls;
use super::url::{self, PostgresUrlError};
use crate::statement_log;

/// How long a connection may take to open, over all hosts, TLS and authentication included.
const OPENING_LIMIT: Duration = Duration::from_secs(15);

/// The class of SQLSTATEs that ask to come again: too many connections, no memory, no disk.
const INSUFFICIENT_RESOURCES: &str = "53";

/// No connection could be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to PostgreSQL at {hosts}: {}", .reason.text)]
pub struct ConnectError {
    hosts: String,
    reason: Refusal,
}

impl ConnectError {
    /// Whether it may work later, although nobody changes a setting.
    pub(crate) fn is_transient(&self) -> bool {
        self.reason.is_transient
    }
}

/// Why there is no connection.
#[derive(Debug)]
struct Refusal {
    text: String,
    is_transient: bool,
}

impl Refusal {
    /// Of a server that could not be reached, or went away.
    fn transient(text: String) -> Self {
        Self { text, is_transient: true }
    }

    fn of(error: &tokio_postgres::Error) -> Self {
        Self { text: describe(error), is_transient: is_transient(error) }
    }
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

    pub(super) async fn establish(&self) -> Result<AsyncPgConnection, ConnectError> {
        match tokio::time::timeout(OPENING_LIMIT, self.open()).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(reason)) => Err(self.error(reason)),
            Err(_) => {
                let text = format!("no answer within {} s", OPENING_LIMIT.as_secs());
                Err(self.error(Refusal::transient(text)))
            }
        }
    }

    async fn open(&self) -> Result<AsyncPgConnection, Refusal> {
        let opened = match &self.tls {
            None => {
                let (client, connection) =
                    self.config.connect(NoTls).await.map_err(|error| Refusal::of(&error))?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
            Some(tls) => {
                let (client, connection) =
                    self.config.connect(tls.clone()).await.map_err(|error| Refusal::of(&error))?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
        };
        // It was open already: only its loss gets in between.
        let mut connection = opened.map_err(|error| Refusal::transient(error.to_string()))?;
        if let Some(instrumentation) = statement_log::instrumentation() {
            connection.set_instrumentation(instrumentation);
        }
        Ok(connection)
    }

    /// What there is to say of a connection that ended while nobody used it.
    pub(super) fn closed(&self) -> ConnectError {
        self.error(Refusal::transient("the server closed an idle connection".into()))
    }

    fn error(&self, reason: Refusal) -> ConnectError {
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

/// Whether a server that refused so, or was not reached, may do better later.
fn is_transient(error: &tokio_postgres::Error) -> bool {
    if let Some(code) = error.code() {
        // It is being started or stopped, recovers, or has no room.
        return [SqlState::CANNOT_CONNECT_NOW, SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN]
            .contains(code)
            || code.code().starts_with(INSUFFICIENT_RESOURCES);
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return match error.kind() {
                // TLS, or an address that is none.
                ErrorKind::InvalidData | ErrorKind::InvalidInput => false,
                // Of a socket's file. The driver says the same of a server that is not the
                // one to write to, which may become it.
                ErrorKind::PermissionDenied => error.raw_os_error().is_none(),
                _ => true,
            };
        }
        cause = error.source();
    }
    error.is_closed()
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
