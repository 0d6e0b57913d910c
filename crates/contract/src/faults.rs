//! All faults, and the tests that the case of its rule rejects each fault.

use std::sync::LazyLock;

use crate::faulty::Fault;

/// Every fault.
pub(crate) static FAULTS: LazyLock<Vec<Fault>> = LazyLock::new(|| {
    let by_subject = [
        crate::api_keys::faults::faults,
        crate::archive::faults::faults,
        crate::cancellation::faults::faults,
        crate::capabilities::faults::faults,
        crate::comments::faults::faults,
        crate::concurrency::faults::faults,
        crate::credentials::faults::faults,
        crate::customers::faults::faults,
        crate::deliveries::faults::faults,
        crate::events::faults::faults,
        crate::figures::faults::faults,
        crate::id_ranges::faults::faults,
        crate::idempotency::faults::faults,
        crate::readiness::faults::faults,
        crate::retention::faults::faults,
        crate::saved_replies::faults::faults,
        crate::search::faults::faults,
        crate::sessions::faults::faults,
        crate::shops::faults::faults,
        crate::tickets::faults::faults,
        crate::users::faults::faults,
        crate::webhooks::faults::faults,
    ];
    by_subject.into_iter().flat_map(|faults| faults()).collect()
});

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::faulty::{FaultyFixture, MethodNames, fault};
    use crate::{CASES, Case};

    #[test]
    fn every_case_has_a_fault_and_every_fault_a_case() {
        let mut cases: Vec<_> = CASES.iter().map(|case| case.rule).collect();
        let mut faults: Vec<_> = FAULTS.iter().map(|fault| fault.rule).collect();
        cases.sort_unstable();
        faults.sort_unstable();
        // Some rules have several faults.
        faults.dedup();
        assert_eq!(cases, faults);
    }

    #[test]
    fn every_fault_has_its_own_sentence() {
        let mut sentences = BTreeSet::new();
        let repeated: Vec<_> = FAULTS.iter().filter(|fault| !sentences.insert(fault.sentence)).collect();
        assert!(repeated.is_empty(), "sentences used by several faults: {repeated:#?}");
    }

    #[test]
    fn every_fault_is_rejected_by_the_case_of_its_rule() {
        let mut unseen = Vec::new();
        for fault in FAULTS.iter() {
            let case = CASES.iter().find(|case| case.rule == fault.rule).unwrap();
            match case.run(&FaultyFixture::new(fault)) {
                Ok(()) => unseen.push(fault),
                Err(failure) => {
                    let message = failure.to_string();
                    assert!(message.starts_with(&format!("{}: ", fault.rule)), "{message}");
                    assert!(!message.contains("panicked"), "{fault:?}: {message}");
                }
            }
        }
        assert!(unseen.is_empty(), "cases that pass despite a fault: {unseen:#?}");
    }

    /// The cases with faults of unlocked methods pass if the methods are locked.
    #[test]
    fn a_store_with_several_writers_and_locks_passes() {
        let faultless = fault("SHOP-1", "Nothing is wrong, and calls take a while.").with_several_writers();
        let faultless: &'static Fault = Box::leak(Box::new(faultless));
        let unlocked: BTreeSet<_> =
            FAULTS.iter().filter(|fault| !fault.unlocked.is_empty()).map(|fault| fault.rule).collect();
        assert!(unlocked.len() > 10, "{unlocked:?}");
        for case in CASES.iter().filter(|case| unlocked.contains(case.rule)) {
            assert_eq!(case.run(&FaultyFixture::new(faultless)), Ok(()), "{}", case.name);
        }
    }

    #[test]
    fn a_fault_that_replaces_nothing_is_not_rejected() {
        let harmless: &'static Fault = Box::leak(Box::new(fault("SHOP-1", "Nothing is wrong.")));
        let case = CASES.iter().find(|case| case.rule == harmless.rule).unwrap();
        assert_eq!(case.run(&FaultyFixture::new(harmless)), Ok(()));
    }

    /// The port of a rule.
    fn port(rule: &str) -> &str {
        match rule.split_once('-') {
            // Cases of these rules use tickets.
            Some(("IDEMPOTENCY" | "COMMENT", _)) => "TICKET",
            Some((port, _)) => port,
            None => rule,
        }
    }

    /// The calls of the longest case that is run with another port's faults. Longer cases would take most
    /// of the time. `just kit-faults` sets the variable, for a long run.
    fn max_calls() -> usize {
        let given = std::env::var("HEXDESK_FAULT_CALLS").ok().and_then(|calls| calls.parse().ok());
        given.unwrap_or(40)
    }

    /// Without this test, a case could fail for an unrelated reason.
    ///
    /// The cases on events, webhooks, figures, archives, retention and dropped calls need every port. No other case
    /// reads the log, removes anything or drops a call.
    #[test]
    fn no_fault_breaks_another_port() {
        // Without cases on several ports.
        let is_of_one_port = |case: &&Case| {
            ![
                "concurrency::",
                "cancellation::",
                "once::",
                "events::",
                "webhooks::",
                "deliveries::",
                "credentials::",
                "sessions::",
                "figures::",
                "archive::",
                "retention::",
                "search::",
            ]
            .iter()
            .any(|module| case.name.starts_with(module))
                && !["IDRANGE-7", "CUSTOMER-11", "CUSTOMER-15", "CUSTOMER-24", "CUSTOMER-28", "TICKET-29"]
                    .contains(&case.rule)
                && case.rule != "USER-8"
        };
        let max_calls = max_calls();
        let harmless: &'static Fault = Box::leak(Box::new(fault("SHOP-1", "Nothing is wrong.")));
        let cases: Vec<_> = CASES
            .iter()
            .filter(is_of_one_port)
            .filter_map(|case| {
                let fixture = FaultyFixture::new(harmless);
                assert_eq!(case.run(&fixture), Ok(()));
                let calls = fixture.calls();
                (calls.len() <= max_calls).then(|| (case, MethodNames::from_iter(calls)))
            })
            .collect();
        let broken_by = |faults: &[&'static Fault]| {
            let mut broken = Vec::new();
            for fault in faults {
                // A case that calls none of the replaced methods does not notice the fault.
                let replaced = fault.replaced_methods();
                let others = cases.iter().filter(|(case, called)| {
                    port(case.rule) != port(fault.rule) && !called.is_disjoint(&replaced)
                });
                for (case, _) in others {
                    if let Err(failure) = case.run(&FaultyFixture::new(fault)) {
                        broken.push((*fault, failure));
                    }
                }
            }
            broken
        };
        let is_of_all_ports = |rule: &str| ["EVENT", "RETENTION", "CANCEL"].contains(&port(rule));
        let faults: Vec<_> = FAULTS.iter().filter(|fault| !is_of_all_ports(fault.rule)).collect();
        // By far the longest test, so it uses every core.
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let broken: Vec<_> = std::thread::scope(|scope| {
            let parts = faults.chunks(faults.len().div_ceil(cores));
            let threads: Vec<_> = parts.map(|faults| scope.spawn(move || broken_by(faults))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert!(broken.is_empty(), "cases that fail because of another port's fault: {broken:#?}");
    }
}
