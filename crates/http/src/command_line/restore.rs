use std::path::PathBuf;

use clap::Args;

use super::backup::{described, sqlite_path};

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A file that `hexdesk backup` wrote.
    file: PathBuf,
    /// Replace the existing database. It is kept as <database>.replaced-<time>.
    #[arg(long)]
    replace: bool,
}

impl Restore {
    pub(super) async fn run(self, database_url: &str) -> anyhow::Result<()> {
        let Self { file, replace } = self;
        let url = super::parse_database_url(database_url)?;
        let database = sqlite_path(&url)?.to_owned();
        let shown = file.display().to_string();
        let now = super::now();
        let restore = move || hexdesk_adapters::restore(&file, &database, replace, now);
        let restored = tokio::task::spawn_blocking(restore).await??;
        super::print([format!("restored {url} from {shown}: {}", described(restored.contents))])?;
        super::print(restored.kept.map(|kept| {
            format!("the database that was there is {}; delete it when nobody needs it", kept.display())
        }))
    }
}
