//! The client and the loop against receivers on this machine.

#![allow(clippy::unwrap_used, reason = "a test ends where its preparation fails")]

mod client;
mod receivers;
mod sender;
mod store;
