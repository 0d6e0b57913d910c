//! Keeps the write-ahead log small, and empties it soon after data was removed.
//!
//! SQLite starts the log again only when no reader needs it, so reads that overlap make it grow
//! without a bound. Removed data can be read in the log until the log is emptied, and in the
//! database until the log has been copied there. Emptying the log solves both.
//!
//! The log is copied when all reads have ended that began before the last commit. It is emptied when
//! all reads have ended that began before it was copied. Later reads are not in the way, because
//! nothing commits meanwhile. So only the writer and the old reads step back:
//!
//! - Usually the writer waits a short time ([`PATIENCE`]) for old reads.
//! - If the log is too large, or holds removed data for too long, old reads are ended.
//!
//! Reads of other processes, such as a backup, cannot be ended. While one runs, the log grows.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::Integer;
use diesel::sqlite::SqliteConnection;
use diesel::{QueryResult, RunQueryDsl};

use super::interruption::Interrupt;
use crate::sqlite::SqliteOptions;

/// The time that the writer waits for old reads.
const PATIENCE: Duration = Duration::from_millis(20);
/// The time that it waits for reads that it has ended, and the parts of it. After each part, the reads
/// that run then are ended: SQLite has few places for readers, and a new one can share that of an old
/// one.
const PATIENCE_WITH_ENDED_READS: Duration = Duration::from_millis(500);
const PART_WITH_ENDED_READS: Duration = Duration::from_millis(50);
/// The time from a removal until the log is emptied. Removals within this time share one attempt.
const DELAY_AFTER_REMOVAL: Duration = Duration::from_millis(500);
/// The time from a removal until reads are ended that keep the log from being emptied.
const OVERDUE: Duration = Duration::from_secs(10);
/// The time between two looks at the size of the log.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// The time between two attempts. It doubles with each failure.
const RETRY: Duration = Duration::from_millis(250);
const LONGEST_RETRY: Duration = Duration::from_secs(5);
/// The longest time between two attempts that end reads.
const LONGEST_RETRY_ENDING_READS: Duration = Duration::from_secs(30);
/// The time that the last attempts may take before a process ends that has removed data.
pub(in crate::sqlite) const PATIENCE_AT_END: Duration = Duration::from_secs(2);

/// Decides when the log of a database is emptied. Belongs to the thread that writes.
#[derive(Debug)]
pub(in crate::sqlite) struct LogKeeper {
    log: PathBuf,
    options: SqliteOptions,
    readers: Vec<Arc<Interrupt>>,
    /// When the log is to be emptied. `None` if nothing was written since it was emptied.
    empty_at: Option<Instant>,
    /// The first removal since the log was emptied.
    removed_at: Option<Instant>,
    /// The size of the log at the last look.
    size: u64,
    look_at: Instant,
    retry: Duration,
    retry_at: Instant,
    retry_ending_reads: Duration,
    end_reads_at: Instant,
}

/// What a command removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sqlite) enum Removes {
    Nothing,
    PersonalData,
}

/// An attempt to empty the log.
#[derive(Debug, Clone, Copy)]
pub(in crate::sqlite) struct Attempt {
    ends_reads: bool,
}

impl LogKeeper {
    /// A keeper that can end the reads of these interrupts. A log that a crash left is emptied soon.
    pub(in crate::sqlite) fn new(log: PathBuf, options: SqliteOptions, readers: Vec<Arc<Interrupt>>) -> Self {
        let now = Instant::now();
        let is_left = log.metadata().is_ok_and(|metadata| metadata.len() > 0);
        Self {
            log,
            options,
            readers,
            empty_at: is_left.then(|| now + DELAY_AFTER_REMOVAL),
            removed_at: None,
            size: 0,
            look_at: now,
            retry: RETRY,
            retry_at: now,
            retry_ending_reads: RETRY,
            end_reads_at: now,
        }
    }

    /// Notes a transaction, and what it removes.
    pub(in crate::sqlite) fn note_write(&mut self, removes: Removes) {
        if removes == Removes::PersonalData && self.removed_at.is_none() {
            let now = Instant::now();
            self.removed_at = Some(now);
            self.empty_at = Some(now + DELAY_AFTER_REMOVAL.min(self.options.log_age));
        } else if self.empty_at.is_none() {
            self.empty_at = Some(Instant::now() + self.options.log_age);
        }
    }

    /// When the next attempt is due, if nothing is written before.
    pub(in crate::sqlite) fn due(&self) -> Option<Instant> {
        let empty_at = self.empty_at?;
        let usual =
            if self.is_above(self.options.log_size) { self.retry_at } else { empty_at.max(self.retry_at) };
        let overdue = self.removed_at.map(|removed| (removed + OVERDUE).max(self.end_reads_at));
        Some(overdue.map_or(usual, |overdue| overdue.min(usual)))
    }

    /// Returns an attempt if one is due.
    pub(in crate::sqlite) fn attempt(&mut self) -> Option<Attempt> {
        let empty_at = self.empty_at?;
        let now = Instant::now();
        if now >= self.look_at {
            self.size = self.log.metadata().map_or(0, |metadata| metadata.len());
            self.look_at = now + LOOK_INTERVAL;
        }
        let is_overdue = self.removed_at.is_some_and(|removed| now >= removed + OVERDUE);
        let ends_reads = (is_overdue || self.is_above(self.options.log_limit)) && now >= self.end_reads_at;
        let is_due = (now >= empty_at || self.is_above(self.options.log_size)) && now >= self.retry_at;
        (ends_reads || is_due).then_some(Attempt { ends_reads })
    }

    /// An attempt before the process ends. If data was removed, there are more until the deadline.
    pub(in crate::sqlite) fn last_attempt(&mut self, deadline: Instant) -> Option<Attempt> {
        let empty_at = self.empty_at.take()?;
        if self.removed_at.is_some() && Instant::now() < deadline {
            self.empty_at = Some(empty_at);
        }
        Some(Attempt { ends_reads: false })
    }

    /// Copies the log into the database and empties it. Returns `false` if a reader or another writer
    /// was in the way.
    pub(in crate::sqlite) fn empty(
        &self,
        attempt: Attempt,
        connection: &mut SqliteConnection,
    ) -> QueryResult<bool> {
        let patience = if attempt.ends_reads { PART_WITH_ENDED_READS } else { PATIENCE };
        set_busy_timeout(connection, patience.min(self.options.busy_timeout))?;
        let is_empty = if attempt.ends_reads {
            self.empty_ending_reads(connection)?
        } else {
            checkpoint(connection, "TRUNCATE")?
        };
        set_busy_timeout(connection, self.options.busy_timeout)?;
        Ok(is_empty)
    }

    fn empty_ending_reads(&self, connection: &mut SqliteConnection) -> QueryResult<bool> {
        let deadline = Instant::now() + PATIENCE_WITH_ENDED_READS;
        loop {
            self.end_reads();
            let is_copied = checkpoint(connection, "FULL")?;
            // Ends the reads that began before the log was copied.
            self.end_reads();
            if is_copied && checkpoint(connection, "TRUNCATE")? {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
        }
    }

    fn end_reads(&self) {
        self.readers.iter().for_each(|reader| reader.give_way());
    }

    /// Notes whether an attempt has emptied the log.
    pub(in crate::sqlite) fn note_attempt(&mut self, attempt: Attempt, is_empty: bool) {
        let now = Instant::now();
        if is_empty {
            self.empty_at = None;
            self.removed_at = None;
            self.size = 0;
            (self.retry, self.retry_ending_reads) = (RETRY, RETRY);
            (self.retry_at, self.end_reads_at) = (now, now);
            return;
        }
        self.retry_at = now + self.retry;
        self.retry = (self.retry * 2).min(LONGEST_RETRY);
        if attempt.ends_reads {
            self.end_reads_at = now + self.retry_ending_reads;
            self.retry_ending_reads = (self.retry_ending_reads * 2).min(LONGEST_RETRY_ENDING_READS);
            tracing::warn!(
                log = %self.log.display(), bytes = self.size,
                "the write-ahead log cannot be emptied: perhaps another process reads the database"
            );
        }
    }

    fn is_above(&self, bytes: u64) -> bool {
        self.size > bytes
    }
}

fn set_busy_timeout(connection: &mut SqliteConnection, timeout: Duration) -> QueryResult<()> {
    connection.batch_execute(&format!("PRAGMA busy_timeout = {}", timeout.as_millis()))
}

/// Copies the log into the database. Returns `false` if another connection was in the way.
pub(in crate::sqlite) fn checkpoint(connection: &mut SqliteConnection, mode: &str) -> QueryResult<bool> {
    let statement = format!("PRAGMA wal_checkpoint({mode})");
    let (is_busy, _, _): (i32, i32, i32) =
        sql::<(Integer, Integer, Integer)>(&statement).get_result(connection)?;
    Ok(is_busy == 0)
}
