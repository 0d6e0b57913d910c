//! Ends reads that nobody waits for any more.
//!
//! Diesel 2.3 does not offer SQLite's own interrupt, and calling it needs unsafe code. So a query
//! that can examine many rows calls a SQL function while it does ([`still_wanted()`]). The function
//! fails once the read is not wanted. That ends the statement, and its connection stays usable.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::expression::ValidGrouping;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Bool};
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel::{AppearsOnTable, Expression, QueryResult};

diesel::define_sql_function! {
    /// True while the read is wanted. Otherwise it fails.
    ///
    /// `row` is the number of the examined row. SQLite calls the function for each row only if an
    /// argument depends on it.
    fn still_wanted(row: BigInt) -> Bool;
}

/// Asks [`still_wanted()`] for one row of 16 on average, because a call can cost more than the rest
/// of the work for a row. The bits of its number choose the row.
macro_rules! wanted {
    ($number:literal, $bits:literal) => {
        concat!("(", $number, " & ", $bits, " OR still_wanted(coalesce(", $number, ", 0)))")
    };
}

/// Chooses tickets by the milliseconds in their ids.
pub(in crate::sqlite) const WANTED_TICKET: &str = wanted!("tickets.id", 0x3c0_0000);
/// [`WANTED_TICKET`] among the results of a search. A customer without tickets has none.
pub(in crate::sqlite) const WANTED_RESULT: &str = wanted!("ticket_id", 0x3c0_0000);
/// [`WANTED_TICKET`] for comments, whose ids are made in the same way.
pub(in crate::sqlite) const WANTED_ANSWER: &str = wanted!("answer.id", 0x3c0_0000);
/// Chooses documents in blocks of 64, because the lowest bits follow the kinds of documents.
pub(in crate::sqlite) const WANTED_DOCUMENT: &str = wanted!("documents.id", 0x3c0);

/// [`WANTED_TICKET`] as a condition. Diesel keeps its prepared statement, unlike that of a condition
/// made by `sql`.
#[derive(Debug, Clone, Copy, QueryId, ValidGrouping)]
pub(in crate::sqlite) struct IsWantedTicket;

impl Expression for IsWantedTicket {
    type SqlType = Bool;
}

impl<T> AppearsOnTable<T> for IsWantedTicket {}

impl QueryFragment<Sqlite> for IsWantedTicket {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(WANTED_TICKET);
        Ok(())
    }
}

/// The message of a read that ended because its caller no longer waits.
pub(in crate::sqlite) const ABANDONED: &str = "the caller no longer waits";
/// The message of a read that ended so that the log can be emptied.
pub(in crate::sqlite) const GAVE_WAY: &str = "the read gave way, so that the write-ahead log can be emptied";

/// Whether a read runs on a connection, and whether and why it has to end.
#[derive(Debug, Default)]
pub(in crate::sqlite) struct Interrupt(AtomicU8);

impl Interrupt {
    const IDLE: u8 = 0;
    const RUNNING: u8 = 1;
    const ABANDONED: u8 = 2;
    const GIVES_WAY: u8 = 3;

    /// Makes [`still_wanted()`] follow this interrupt on the connection.
    pub(in crate::sqlite) fn register(
        self: &Arc<Self>,
        connection: &mut SqliteConnection,
    ) -> QueryResult<()> {
        let interrupt = Arc::clone(self);
        let check = move |_: i64| Wanted(interrupt.0.load(Ordering::Relaxed));
        still_wanted_utils::register_nondeterministic_impl(connection, check)
    }

    /// Ends a running read, so that the log can be emptied. It fails as unavailable.
    pub(in crate::sqlite) fn give_way(&self) {
        let (running, gives_way) = (Self::RUNNING, Self::GIVES_WAY);
        // Fails if no read runs, or if the running one ends anyway.
        let _ = self.0.compare_exchange(running, gives_way, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn set(&self, state: u8) {
        self.0.store(state, Ordering::Relaxed);
    }
}

/// The result of [`still_wanted()`].
#[derive(Debug)]
struct Wanted(u8);

impl ToSql<Bool, Sqlite> for Wanted {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        match self.0 {
            Interrupt::ABANDONED => Err(ABANDONED.into()),
            Interrupt::GIVES_WAY => Err(GAVE_WAY.into()),
            _ => {
                out.set_value(1);
                Ok(IsNull::No)
            }
        }
    }
}

/// A read on its way from its caller to its connection.
#[derive(Debug, Clone, Default)]
pub(in crate::sqlite) struct Read(Arc<Mutex<Stage>>);

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Waiting,
    Running(Arc<Interrupt>),
    Ended,
}

impl Read {
    /// Begins the read on the connection of this interrupt. `None` if its caller no longer waits.
    pub(in crate::sqlite) fn begin(&self, interrupt: &Arc<Interrupt>) -> Option<RunningRead> {
        let mut stage = self.stage();
        if matches!(*stage, Stage::Ended) {
            return None;
        }
        interrupt.set(Interrupt::RUNNING);
        *stage = Stage::Running(Arc::clone(interrupt));
        Some(RunningRead(self.clone()))
    }

    /// Ends the read when the returned value is dropped, wherever the read is.
    pub(in crate::sqlite) fn end_on_drop(&self) -> Caller {
        Caller(self.clone())
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A read that a connection runs, until this is dropped. The lock on the stage ensures that a late
/// caller does not end the next read of the connection.
#[derive(Debug)]
pub(in crate::sqlite) struct RunningRead(Read);

impl Drop for RunningRead {
    fn drop(&mut self) {
        let mut stage = self.0.stage();
        if let Stage::Running(interrupt) = &*stage {
            interrupt.set(Interrupt::IDLE);
        }
        *stage = Stage::Ended;
    }
}

/// The caller of a read, who waits until this is dropped.
#[derive(Debug)]
pub(in crate::sqlite) struct Caller(Read);

impl Drop for Caller {
    fn drop(&mut self) {
        let mut stage = self.0.stage();
        if let Stage::Running(interrupt) = &*stage {
            interrupt.set(Interrupt::ABANDONED);
        } else {
            *stage = Stage::Ended;
        }
    }
}
