use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use hexdesk_adapters::{DatabaseUrl, SqliteContents};

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to write. It must not exist.
    file: PathBuf,
}

impl Backup {
    pub(super) async fn run(self, database_url: &str) -> anyhow::Result<()> {
        let Self { file } = self;
        let url = super::parse_database_url(database_url)?;
        let database = sqlite_path(&url)?.to_owned();
        let shown = file.display().to_string();
        let contents =
            tokio::task::spawn_blocking(move || hexdesk_adapters::back_up(&database, &file)).await??;
        super::print([format!("backed up {url} to {shown}: {}", described(contents))])
    }
}

/// Returns the path of the database. Fails unless it is SQLite: Hexdesk backs up no other
/// database.
pub(super) fn sqlite_path(url: &DatabaseUrl) -> anyhow::Result<&Path> {
    match url.sqlite_path() {
        Some(path) => Ok(path),
        None => bail!(
            "PostgreSQL has its own tools: back up with pg_dump or pg_basebackup, restore with pg_restore; \
             docs/operations.md has the commands"
        ),
    }
}

pub(super) fn described(contents: SqliteContents) -> String {
    let SqliteContents { bytes, shops, tickets } = contents;
    format!("{bytes} bytes, {shops} shops, {tickets} tickets")
}
