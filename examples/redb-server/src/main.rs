//! Hexdesk on a storage adapter that is not part of it.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use hexdesk_adapters::OpenedStorage;
use hexdesk_redb_example::RedbStorage;

#[tokio::main]
async fn main() -> ExitCode {
    hexdesk_http::command_line::run_on(|database_url| async move {
        let path = database_url.strip_prefix("redb://").context("must be redb:// and a path")?;
        let storage = Arc::new(RedbStorage::open(Path::new(path))?);
        Ok(OpenedStorage { storage, applied_migrations: Vec::new() })
    })
    .await
}
