//! Faults under load. After each fault, acknowledged tickets must be stored once and whole, and
//! refused tickets must not be stored. A retry settles every unknown outcome.

mod citus;
mod clients;
mod clock;
mod connection;
mod crashes;
mod erasures;
mod failover;
mod full_disk;
mod full_log;
mod outages;
mod readers;
mod two_servers;
mod waiting;
