//! Faults under load, and what must hold after each: what was acknowledged is there once,
//! whole; what was refused left nothing; what is not known is settled by trying again.

mod clients;
mod clock;
mod connection;
mod conversations;
mod crashes;
mod failover;
mod full_disk;
mod full_log;
mod load;
mod outages;
mod process;
mod proxy;
mod recovery;
mod two_servers;
mod waiting;

/// How often a fault is injected: as often as `HEXDESK_FAULTS` says, or this often.
fn rounds(unless_told: usize) -> usize {
    std::env::var("HEXDESK_FAULTS").ok().map_or(unless_told, |times| times.parse().unwrap())
}
