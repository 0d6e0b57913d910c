//! Errors of connecting to a database.

use std::error::Error;

/// The database URL is invalid. The message names the parameter and its allowed values. It never
/// repeats the URL, which may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("invalid database URL: {0}")]
pub struct PostgresUrlError(pub(super) String);

/// No host of the URL could be connected to.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to PostgreSQL at {text}")]
pub struct ConnectError {
    pub(super) text: String,
    pub(super) is_transient: bool,
}

impl ConnectError {
    /// Whether a retry may succeed without a change of settings.
    pub(crate) fn is_transient(&self) -> bool {
        self.is_transient
    }
}

/// Returns the driver's message without its details, because a server repeats values in them.
pub(in crate::postgres) fn describe(error: &tokio_postgres::Error) -> String {
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
