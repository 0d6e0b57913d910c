//! How much the lists, counts and searches of both databases read in shops that have much of
//! everything: an index leads to what is asked for, however much else there is.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

mod calls;
mod explained;
mod postgres;
mod recorded;
mod sqlite;

#[path = "../postgres/mod.rs"]
mod postgres_database;

/// How many of everything the larger of two shops has.
const ROWS: u64 = 100_000;
