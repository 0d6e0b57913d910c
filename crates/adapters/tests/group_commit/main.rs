//! Group commit on a store with controlled writes. The tests hold, count and fail them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]

mod batches;
mod callers;
mod failures;
mod fairness;
mod fixture;
mod scripted_store;
