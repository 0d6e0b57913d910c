//! Opens connections.

use std::error::Error;
use std::time::Duration;

use diesel::QueryResult;
use diesel::connection::{Instrumentation, get_default_instrumentation};
use diesel::dsl::sql;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::hosts;
use super::silence::{LastEvent, SilenceLimit};
use super::tls;
use super::url::{self, PostgresUrlError};
use crate::statement_log;

/// How long a connection may take to open, over all hosts, TLS and authentication included.
/// Each host has an equal part of it.
const OPENING_LIMIT: Duration = Duration::from_secs(15);

/// No connection could be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to PostgreSQL at {0}")]
pub struct ConnectError(String);

/// Opens connections to the server that a URL names.
pub(super) struct Connector {
    /// One for each host.
    configs: Vec<Config>,
    tls: Option<MakeRustlsConnect>,
}

impl Connector {
    pub(super) fn new(url: &str) -> Result<Self, PostgresUrlError> {
        let (configs, policy) = url::parse(url)?;
        Ok(Self { configs, tls: tls::connector(&policy)? })
    }

    /// A connection, and how long it may be silent while it is in use.
    pub(super) async fn establish(&self) -> Result<(AsyncPgConnection, SilenceLimit), ConnectError> {
        let limit = OPENING_LIMIT / u32::try_from(self.configs.len()).unwrap_or(u32::MAX).max(1);
        let mut reasons = Vec::new();
        for config in &self.configs {
            let reason = match tokio::time::timeout(limit, self.open(config)).await {
                Ok(Ok(opened)) => return Ok(opened),
                Ok(Err(reason)) => reason,
                Err(_) => format!("no answer within {} s", limit.as_secs_f32()),
            };
            reasons.push(format!("{}: {reason}", hosts::names(config)));
        }
        Err(ConnectError(reasons.join("; ")))
    }

    async fn open(&self, config: &Config) -> Result<(AsyncPgConnection, SilenceLimit), String> {
        let opened = match &self.tls {
            None => {
                let (client, connection) = config.connect(NoTls).await.map_err(|error| describe(&error))?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
            Some(tls) => {
                let (client, connection) =
                    config.connect(tls.clone()).await.map_err(|error| describe(&error))?;
                AsyncPgConnection::try_from_client_and_connection(client, connection).await
            }
        };
        let mut connection = opened.map_err(|error| error.to_string())?;
        let timeout = statement_timeout(&mut connection).await.map_err(|error| error.to_string())?;
        let last_event = LastEvent::now();
        let log = statement_log::instrumentation().map(|log| Box::new(log) as Box<dyn Instrumentation>);
        let others = log.or_else(get_default_instrumentation);
        connection.set_instrumentation(last_event.observer(others));
        Ok((connection, SilenceLimit::new(last_event, timeout)))
    }

    /// What there is to say of a connection that ended while nobody used it.
    pub(super) fn closed(&self) -> ConnectError {
        let names: Vec<String> = self.configs.iter().map(hosts::names).collect();
        ConnectError(format!("{}: the server closed an idle connection", names.join(", ")))
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
