//! How much the lists, counts and searches of both databases read in large shops. An index must
//! lead to the requested rows, however many other rows exist.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

mod calls;
mod explained;
mod neighbours;
mod postgres;
mod recorded;
mod shops;
mod sqlite;

#[path = "../postgres/database.rs"]
mod postgres_database;

/// The number of rows of each kind in the larger of two shops.
const ROWS: u64 = 100_000;
