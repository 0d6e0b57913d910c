//! What SQLite guarantees beyond the storage contract.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

mod abandoned_reads;
mod erasures;
mod events;
mod fixture;
mod removed_data;
mod schema;
mod search;
mod statements;
mod storage;
mod upgrades;
