//! What PostgreSQL guarantees beyond the storage contract.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

mod database;
mod failures;
mod schema;
mod statements;
mod tls;
mod upgrades;
