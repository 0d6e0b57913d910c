//! Erasures of customers with many tickets: others write meanwhile, nobody reads a half-erased
//! customer, and what a crash leaves is erased later.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its preparation fails")]
#![allow(clippy::print_stdout, reason = "the measured times are the result")]

mod customer_with_tickets;
mod half_erased;
mod readers;
mod waiting;

#[path = "../sqlite_fixture/mod.rs"]
#[allow(dead_code, reason = "it has more than is needed here")]
mod sqlite_fixture;
