//! Hexdesk on a storage adapter that is not part of it.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use hexdesk_adapters::{Batches, FairReads, OpenedStorage};
use hexdesk_redb_example::RedbStorage;

#[tokio::main]
async fn main() -> ExitCode {
    hexdesk_http::command_line::run_on(|database_url| async move {
        let path = database_url.strip_prefix("redb://").context("must be redb:// and a path")?;
        let storage = RedbStorage::open(Path::new(path))?;
        // At most four lists run at the same time, fairly between shops.
        let storage = Arc::new(FairReads::new(storage, 4));
        Ok(OpenedStorage { storage, batches: Batches::OfAllShops, applied_migrations: Vec::new() })
    })
    .await
}
