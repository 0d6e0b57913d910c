//! Looks a database over and tells what it finds. Nothing is migrated or changed.

mod contents;

use std::fmt;

use hexdesk_domain::Timestamp;

pub(crate) use contents::{Contents, live_keys, open_shops};

use crate::database_url::DatabaseUrl;
use crate::migration_state::MigrationState;
use crate::{postgres, sqlite};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// As it should be.
    Ok,
    /// It works; somebody should look.
    Warning,
    /// It does not work, or what is acknowledged or confidential is not safe.
    Problem,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was checked.
    pub check: &'static str,
    /// What was found and, unless it is as it should be, what to do. Holds no password and
    /// nothing of customers.
    pub text: String,
}

impl Finding {
    /// It is as it should be.
    pub fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self { severity: Severity::Ok, check, text: text.into() }
    }

    /// It works; somebody should look.
    pub fn warning(check: &'static str, text: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, check, text: text.into() }
    }

    /// It does not work, or is not safe.
    pub fn problem(check: &'static str, text: impl Into<String>) -> Self {
        Self { severity: Severity::Problem, check, text: text.into() }
    }
}

/// One line: severity, check and text, tabs in between.
impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Ok => "ok",
            Severity::Warning => "warning",
            Severity::Problem => "problem",
        };
        let text = self.text.replace(char::is_control, " ");
        write!(formatter, "{severity}\t{}\t{text}", self.check)
    }
}

/// Checks the database at `url` in a fixed order, as far as one check's finding leaves
/// something to look at for the next.
pub async fn diagnose(url: &DatabaseUrl, now: Timestamp) -> Vec<Finding> {
    if let Some(url) = url.postgres() {
        return postgres::diagnose(url, now).await;
    }
    let Some(path) = url.sqlite_path().map(ToOwned::to_owned) else { return Vec::new() };
    let findings = tokio::task::spawn_blocking(move || sqlite::diagnose(&path, now)).await;
    findings.unwrap_or_else(|error| vec![Finding::problem("database", error.to_string())])
}

/// Whether the database is of this version.
pub(crate) fn migrations(state: &MigrationState) -> Finding {
    let check = "migrations";
    if !state.unknown.is_empty() {
        let unknown = state.unknown.join(", ");
        return Finding::problem(
            check,
            format!(
                "a newer version of Hexdesk migrated the database (unknown here: {unknown}); use that version, \
                 or restore a backup from before"
            ),
        );
    }
    if !state.missing.is_empty() {
        let missing = state.missing.join(", ");
        return Finding::warning(
            check,
            format!(
                "not applied yet: {missing}; `hexdesk serve` applies them when it starts, `hexdesk migrate` now"
            ),
        );
    }
    Finding::ok(check, format!("all {} applied, none unknown", state.applied.len()))
}
