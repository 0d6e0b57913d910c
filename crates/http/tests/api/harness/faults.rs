//! Faults, and a load that shows their effects.

mod conversations;
mod load;
mod outage;
mod process;
mod proxy;
mod receiver;
mod recovery;

pub(crate) use conversations::Conversations;
pub(crate) use load::{Ledger, Load, create, ticket};
pub(crate) use outage::{durable_cluster, outage};
pub(crate) use process::{Holdings, await_no_connection, await_reading, cpu_time, holdings, holds};
pub(crate) use proxy::{Ending, Fault, Proxy};
pub(crate) use receiver::RandomReceiver;
pub(crate) use recovery::{RECOVERY, until, wait_for_server, wait_for_sessions};

/// The number of times that a test injects its fault: `HEXDESK_FAULTS`, or `default` if that is not
/// set.
pub(crate) fn rounds(default: usize) -> usize {
    std::env::var("HEXDESK_FAULTS").ok().map_or(default, |times| times.parse().unwrap())
}

/// The seed of a test's random choices. `HEXDESK_FAULTS_SEED` repeats those of a run that printed it.
#[expect(clippy::print_stdout, reason = "a test that fails shows the seed")]
fn seed() -> u64 {
    let given = std::env::var("HEXDESK_FAULTS_SEED").ok();
    let seed = given.map_or_else(|| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("HEXDESK_FAULTS_SEED={seed}");
    seed
}
