//! Checks a SQLite database: the files, then their contents.

#[cfg(unix)]
mod files;

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{SecretSealer, Timestamp};

use super::connection::read_only;
use super::connection::slot::SETTINGS;
use super::connection::usage_lock::UsageLock;
use super::migrations;
use super::verify::check;
use crate::finding::Finding;
use crate::sql::deliveries::AttemptRow;
use crate::sql::diagnosis::{self, Contents, live_keys, open_shops, webhooks_of_open_shops};
use crate::sql::schema::{erasures, id_ranges, shops};
use crate::sql::types::StoredTimestamp;
use crate::sql::webhooks::WebhookRow;

/// Checks a database. Blocks while it reads the whole database once.
pub(crate) fn diagnose(path: &Path, now: Timestamp, sealer: Option<&dyn SecretSealer>) -> Vec<Finding> {
    if !path.is_file() {
        let text = format!(
            "there is no file {}; name another with --database-url (HEXDESK_DATABASE_URL), or create it with \
             `hexdesk migrate`",
            path.display()
        );
        return vec![Finding::problem("database", text)];
    }
    let mut findings = Vec::new();
    #[cfg(unix)]
    findings.extend(files::findings(path));
    // If the lock fails, the check of the files has reported it.
    let in_use = UsageLock::shared(path);
    if matches!(in_use, Ok(None)) {
        let text = "`hexdesk restore` is replacing it; try again when it has finished";
        findings.push(Finding::problem("database", text));
        return findings;
    }
    match look_inside(path, now, sealer, &mut findings) {
        Ok(()) => {}
        Err(error) => {
            let text = format!(
                "{} cannot be read: {error:#}; if it is damaged, stop the server and restore a backup with \
                 `hexdesk restore --replace`",
                path.display()
            );
            findings.push(Finding::problem("database", text));
        }
    }
    findings
}

fn look_inside(
    path: &Path,
    now: Timestamp,
    sealer: Option<&dyn SecretSealer>,
    findings: &mut Vec<Finding>,
) -> anyhow::Result<()> {
    let mut connection = read_only::live(path)?;
    let state = migrations::state(&mut connection)?;
    findings.push(Finding::ok("database", format!("{} can be read", path.display())));
    findings.push(journal_mode(&mut connection)?);
    findings.push(durability(&mut connection)?);
    findings.push(match check(&mut connection, "quick_check")? {
        Ok(()) => Finding::ok("integrity", "quick_check found no fault"),
        Err(first) => Finding::problem(
            "integrity",
            format!("{first}; stop the server and restore a backup with `hexdesk restore --replace`"),
        ),
    });
    findings.push(diagnosis::migrations(&state));
    if state.missing.is_empty() && state.unknown.is_empty() {
        let contents = Contents {
            range_ends: id_ranges::table.select(id_ranges::reserved_until).load(&mut connection)?,
            open_shops: open_shops().load(&mut connection)?,
            live_keys: live_keys(StoredTimestamp(now)).load(&mut connection)?,
            webhooks: webhooks_of_open_shops()
                .select((shops::domain, WebhookRow::as_select(), Option::<AttemptRow>::as_select()))
                .load(&mut connection)?,
        };
        findings.extend(contents.findings(now, sealer)?);
        findings.extend(unfinished_erasures(&mut connection)?);
    }
    Ok(())
}

fn unfinished_erasures(connection: &mut SqliteConnection) -> anyhow::Result<Option<Finding>> {
    let count: i64 = erasures::table.count().get_result(connection)?;
    let text = format!("{count} customers are hidden and not yet deleted; a running server finishes this");
    Ok((count > 0).then(|| Finding::warning("erasures", text)))
}

fn journal_mode(connection: &mut SqliteConnection) -> anyhow::Result<Finding> {
    let mode: String = sql::<Text>("PRAGMA journal_mode").get_result(connection)?;
    Ok(if mode == "wal" {
        Finding::ok("journal mode", "wal")
    } else {
        let text = format!("{mode}; Hexdesk sets it to wal when it next opens the database");
        Finding::warning("journal mode", text)
    })
}

/// Checks that SQLite accepts the settings that put a commit on disk before it is acknowledged.
fn durability(connection: &mut SqliteConnection) -> anyhow::Result<Finding> {
    connection.batch_execute(SETTINGS)?;
    let mut number = |name: &str| sql::<BigInt>(&format!("PRAGMA {name}")).get_result::<i64>(connection);
    let (synchronous, foreign_keys) = (number("synchronous")?, number("foreign_keys")?);
    // 2 is FULL, 3 EXTRA.
    Ok(if synchronous >= 2 && foreign_keys == 1 {
        Finding::ok("synchronous", "full: acknowledged writes are on disk")
    } else {
        let text = format!(
            "SQLite keeps synchronous {synchronous} and foreign_keys {foreign_keys}: acknowledged writes may \
             be lost; build Hexdesk with its bundled SQLite"
        );
        Finding::problem("synchronous", text)
    })
}
