//! Group commit, on a store whose writes the tests hold, count and have fail.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

mod batches;
mod callers;
mod failures;
mod fairness;
mod fixture;
mod scripted_store;
