//! Faults, and a load that shows their effects.

mod conversations;
mod load;
mod outage;
mod process;
mod proxy;
mod recovery;

pub(crate) use conversations::Conversations;
pub(crate) use load::{Ledger, Load, create, ticket};
pub(crate) use outage::{durable_cluster, outage};
pub(crate) use process::{Holdings, await_no_connection, await_reading, cpu_time, holdings, holds};
pub(crate) use proxy::{Ending, Fault, Proxy};
pub(crate) use recovery::{RECOVERY, until, wait_for_server, wait_for_sessions};

/// The number of times that a test injects its fault: `HEXDESK_FAULTS`, or `default` if that is not
/// set.
pub(crate) fn rounds(default: usize) -> usize {
    std::env::var("HEXDESK_FAULTS").ok().map_or(default, |times| times.parse().unwrap())
}
