//! Adapters with one rule broken, to see each case fail.

mod api_keys;
mod comments;
mod customer_erasure;
mod customer_lists;
mod customer_updates;
mod customers;
mod events;
mod faults;
mod id_ranges;
mod once;
mod retention;
mod search;
mod shops;
mod surplus_events;
mod ticket_changes;
mod ticket_lists;
mod tickets;
mod user_updates;
mod users;

use std::sync::Arc;

use async_trait::async_trait;
use hexdesk_domain::{Readiness, StorageError, StorageErrorKind};

pub(crate) use faults::Fault;

use crate::memory::MemoryStorage;
use crate::{StorageFixture, TestStorage};

/// The reference adapter with one fault.
#[derive(Debug)]
pub(crate) struct FaultyStorage {
    inner: Arc<MemoryStorage>,
    /// What faults that look at what was once there see.
    outdated: MemoryStorage,
    fault: Fault,
}

/// Opens stores with this fault.
pub(crate) struct FaultyFixture(pub(crate) Fault);

#[async_trait]
impl StorageFixture for FaultyFixture {
    async fn open(&self) -> anyhow::Result<TestStorage> {
        Ok(TestStorage::new(FaultyStorage {
            inner: Arc::new(MemoryStorage::new()),
            outdated: MemoryStorage::new(),
            fault: self.0,
        }))
    }
}

/// Lets other tasks have their turn, in the gap between asking and acting.
async fn gap() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

fn failure(kind: StorageErrorKind, operation: &'static str) -> StorageError {
    StorageError::new(kind, operation, anyhow::anyhow!("by design"))
}
#[async_trait]
impl Readiness for FaultyStorage {
    async fn check_ready(&self) -> Result<(), StorageError> {
        if self.fault == Fault::NeverReady {
            return Err(failure(StorageErrorKind::Unavailable, "check_ready"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CASES, Case};

    #[test]
    fn every_case_has_a_fault_and_every_fault_a_case() {
        let mut cases: Vec<_> = CASES.iter().map(|case| case.rule).collect();
        let mut faults: Vec<_> = Fault::ALL.iter().map(|(rule, _)| *rule).collect();
        cases.sort_unstable();
        faults.sort_unstable();
        // Some rules can be broken in more than one way.
        faults.dedup();
        assert_eq!(cases, faults);
    }

    #[test]
    fn every_fault_is_rejected_by_the_case_of_its_rule() {
        let mut unseen = Vec::new();
        for (rule, fault) in Fault::ALL {
            let case = CASES.iter().find(|case| case.rule == *rule).unwrap();
            match case.run(&FaultyFixture(*fault)) {
                Ok(()) => unseen.push((rule, fault)),
                Err(failure) => {
                    let message = failure.to_string();
                    assert!(message.starts_with(&format!("{rule}: ")), "{message}");
                    assert!(!message.contains("panicked"), "{message}");
                }
            }
        }
        assert!(unseen.is_empty(), "rules that pass in spite of a fault: {unseen:?}");
    }

    /// The port that a rule belongs to.
    fn port(rule: &str) -> &str {
        match rule.split_once('-') {
            // Tickets are what these are tried on.
            Some(("IDEMPOTENCY" | "COMMENT", _)) => "TICKET",
            Some((port, _)) => port,
            None => rule,
        }
    }

    /// Else a case might be seen failing for any reason.
    ///
    /// The cases on events and retention need every port, and no other looks at either.
    #[test]
    fn no_fault_breaks_another_port() {
        // All but the slow ones, and those that are about several ports.
        let quick = |case: &&Case| {
            !case.name.starts_with("concurrency::")
                && !case.name.starts_with("once::")
                && !case.name.starts_with("events::")
                && !case.name.starts_with("retention::")
                && !case.name.starts_with("search::")
                && !["IDRANGE-7", "CUSTOMER-11", "CUSTOMER-15", "USER-8"].contains(&case.rule)
        };
        let broken_by = |faults: &[(&str, Fault)]| {
            let mut broken = Vec::new();
            for (rule, fault) in faults {
                for case in CASES.iter().filter(quick).filter(|case| port(case.rule) != port(rule)) {
                    if let Err(failure) = case.run(&FaultyFixture(*fault)) {
                        broken.push((*fault, failure));
                    }
                }
            }
            broken
        };
        let is_of_log = |rule: &str| ["EVENT", "RETENTION"].contains(&port(rule));
        let faults: Vec<_> = Fault::ALL.iter().copied().filter(|(rule, _)| !is_of_log(rule)).collect();
        // By far the longest test: it takes every core there is.
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let broken: Vec<_> = std::thread::scope(|scope| {
            let parts = faults.chunks(faults.len().div_ceil(cores));
            let threads: Vec<_> = parts.map(|faults| scope.spawn(move || broken_by(faults))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert!(broken.is_empty(), "cases that fail for the fault of another port: {broken:#?}");
    }
}
