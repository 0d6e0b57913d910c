//! The words of a database of an older version are made again, in many transactions.
//!
//! One migration prepares this, and the next one ends it. In between, a table has the place that was
//! reached, so an interrupted upgrade goes on from there. Servers wait for the end, because the database
//! lacks a migration until then.

use std::time::{Duration, Instant};

/// The version of the migration that ends the upgrade.
pub(crate) const LAST_MIGRATION: &str = "20261129000061";

/// The number of rows whose words are made in one transaction.
pub(crate) const ROWS: i64 = 200;

/// The time between two lines of the log.
const REPORTED_EVERY: Duration = Duration::from_secs(5);

diesel::table! {
    // The last row with new words, for each kind of row that is not finished.
    search_upgrade (searched) {
        searched -> Text,
        shop_id -> BigInt,
        row_id -> BigInt,
    }
}

/// The rows of a table after a place.
macro_rules! after {
    ($table:literal, $place:expr) => {
        diesel::dsl::sql::<diesel::sql_types::Bool>(concat!("(", $table, ".shop_id, ", $table, ".id) > ("))
            .bind::<diesel::sql_types::BigInt, _>($place.0)
            .sql(", ")
            .bind::<diesel::sql_types::BigInt, _>($place.1)
            .sql(")")
    };
}

pub(crate) use after;

/// Tells the log how far the upgrade is.
#[derive(Debug)]
pub(crate) struct Progress {
    left: i64,
    reported: Instant,
}

impl Progress {
    /// Begins with this many rows to do.
    pub(crate) fn begin(left: i64) -> Self {
        tracing::info!(rows_left = left, "making the words of the search index again");
        Self { left, reported: Instant::now() }
    }

    /// Notes rows that are committed.
    pub(crate) fn note(&mut self, rows: i64) {
        self.left = (self.left - rows).max(0);
        if self.reported.elapsed() >= REPORTED_EVERY {
            tracing::info!(rows_left = self.left, "making the words of the search index again");
            self.reported = Instant::now();
        }
    }

    /// Tells that all rows are done.
    pub(crate) fn end(self) {
        tracing::info!("the words of the search index are made");
    }
}
