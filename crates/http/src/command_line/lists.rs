//! Lists of resources: a line for each, for people, or as JSON.

use clap::Args;
use hexdesk_domain::{Page, StorageError};

use super::events::is_closed_pipe;

/// How a list is printed.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct ListFormat {
    /// Print each as a JSON object on a line, with the members that it has in the API.
    #[arg(long)]
    json: bool,
}

impl ListFormat {
    /// Prints these resources.
    pub(super) fn print<T>(
        self,
        entries: &[T],
        line: impl Fn(&T) -> String,
        json: impl Fn(&T) -> serde_json::Result<String>,
    ) -> anyhow::Result<()> {
        let lines = entries.iter().map(|entry| if self.json { json(entry) } else { Ok(line(entry)) });
        match super::print(lines.collect::<Result<Vec<_>, _>>()?) {
            // The reader has seen enough.
            Err(error) if is_closed_pipe(&error) => Ok(()),
            printed => printed,
        }
    }

    /// Prints the resources of all pages.
    pub(super) async fn print_pages<T, Place>(
        self,
        page: impl AsyncFn(Option<Place>) -> Result<Page<T, Place>, StorageError>,
        line: impl Fn(&T) -> String,
        json: impl Fn(&T) -> serde_json::Result<String>,
    ) -> anyhow::Result<()> {
        let mut after = None;
        loop {
            let Page { entries, next } = page(after).await?;
            self.print(&entries, &line, &json)?;
            after = next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

/// A text of a client, as a column of a line.
pub(super) fn column(text: Option<&str>) -> String {
    text.unwrap_or_default().replace(char::is_control, " ")
}
