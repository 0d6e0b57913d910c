//! Opens databases for reading: nothing is created, migrated or changed.

use std::path::Path;

use anyhow::Context;
use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The characters of a path that need no encoding in URIs of SQLite.
const NOT_IN_PATHS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// Opens a database that others may be using.
pub(in crate::sqlite) fn live(path: &Path) -> anyhow::Result<SqliteConnection> {
    let mut connection = connect(path, "mode=ro")?;
    connection.batch_execute("PRAGMA busy_timeout = 5000")?;
    Ok(connection)
}

/// Opens a database in a single file that nobody else uses.
pub(in crate::sqlite) fn at_rest(path: &Path) -> anyhow::Result<SqliteConnection> {
    connect(path, "mode=ro&immutable=1")
}

fn connect(path: &Path, parameters: &str) -> anyhow::Result<SqliteConnection> {
    let path = std::path::absolute(path)?;
    let path = path.to_str().context("the path is not UTF-8")?;
    let uri = format!("file:{}?{parameters}", utf8_percent_encode(path, NOT_IN_PATHS));
    let mut connection = SqliteConnection::establish(&uri)?;
    connection.batch_execute("PRAGMA trusted_schema = OFF")?;
    Ok(connection)
}
