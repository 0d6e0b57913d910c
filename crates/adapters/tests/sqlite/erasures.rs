//! Erasures of customers with many tickets: others write meanwhile, nobody reads a half-erased
//! customer, and what a crash leaves is erased later.

#![allow(clippy::print_stdout, reason = "the measured times are the result")]

mod archives;
mod customer_with_tickets;
mod half_erased;
mod readers;
mod waiting;
