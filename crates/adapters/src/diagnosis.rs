//! Checks a database and reports the findings. Nothing is migrated or changed.

use std::sync::Arc;

use hexdesk_domain::{SecretSealer, Timestamp};

use crate::database_url::{DatabaseUrl, Location};
use crate::finding::Finding;
#[cfg(not(all(feature = "postgres", feature = "sqlite")))]
use crate::open::OpenError;

/// Checks the database at `url` in a fixed order. Skips the checks that depend on a failed one. The secrets
/// of webhooks are opened with `sealer`; without it they are not checked.
#[cfg_attr(not(any(feature = "postgres", feature = "sqlite")), allow(unused_variables))]
pub async fn diagnose(
    url: &DatabaseUrl,
    now: Timestamp,
    sealer: Option<Arc<dyn SecretSealer>>,
) -> Vec<Finding> {
    match url.location() {
        #[cfg(feature = "postgres")]
        Location::Postgres(url) => crate::postgres::diagnose(url, now, sealer.as_deref()).await,
        #[cfg(not(feature = "postgres"))]
        Location::Postgres(_) => vec![Finding::problem("database", OpenError::NO_POSTGRES.to_string())],
        #[cfg(feature = "sqlite")]
        Location::Sqlite(path) => {
            let path = path.clone();
            let diagnosing = move || crate::sqlite::diagnose(&path, now, sealer.as_deref());
            let findings = tokio::task::spawn_blocking(diagnosing).await;
            findings.unwrap_or_else(|error| vec![Finding::problem("database", error.to_string())])
        }
        #[cfg(not(feature = "sqlite"))]
        Location::Sqlite(_) => vec![Finding::problem("database", OpenError::NO_SQLITE.to_string())],
    }
}
