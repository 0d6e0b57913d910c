//! The property: a store returns the same results as the reference adapter.
//!
//! Random steps run on both. The two may assign different numbers, so the store's results are first
//! translated into the reference's numbers. A store may choose any node for an id range, so id
//! ranges are checked against their rules instead.

mod id_range_ledger;
mod pairing;
mod run;
mod step;

use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use crate::case::on_store_of_its_own;
use crate::{Failure, StorageFixture};

/// The default without `PROPTEST_CASES`.
const CASES: u32 = 32;
const MAX_STEPS: usize = 60;
/// Limits on the search for the shortest failing steps.
const MAX_SHRINK_ITERS: u32 = 1_000;
const MAX_SHRINK_MILLIS: u32 = 60_000;

/// Compares the fixture's stores with the reference adapter on random sequences of steps.
/// `PROPTEST_CASES` sets their number, 32 by default.
///
/// # Errors
/// Returns the shortest failing steps found, and the difference.
pub fn agrees_with_the_reference(fixture: &dyn StorageFixture) -> Result<(), Failure> {
    let mut config = config();
    if std::env::var_os("PROPTEST_CASES").is_some() {
        config.cases = Config::default().cases;
    }
    compare(fixture, TestRunner::new(config))
}

fn config() -> Config {
    Config {
        cases: CASES,
        // This crate does not know where an adapter's sources are.
        failure_persistence: None,
        max_shrink_iters: MAX_SHRINK_ITERS,
        max_shrink_time: MAX_SHRINK_MILLIS,
        ..Config::default()
    }
}

fn compare(fixture: &dyn StorageFixture, mut runner: TestRunner) -> Result<(), Failure> {
    runner
        .run(&step::steps(MAX_STEPS), |steps| {
            on_store_of_its_own(fixture, |storage| run::run(storage, steps))
                .map_err(|error| TestCaseError::fail(format!("{error:#}")))
        })
        .map_err(|error| match error {
            TestError::Fail(reason, steps) => Failure(format!("model: {reason}\n{steps:#?}")),
            TestError::Abort(reason) => Failure(format!("model: {reason}")),
        })
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::{RngAlgorithm, TestRng};

    use super::*;
    use crate::faults::FAULTS;
    use crate::faulty::{Fault, FaultyFixture};

    /// Compares with the same steps in every run, so that the result does not depend on luck. Takes
    /// as many steps as several runs, so that a new kind of step does not hide a fault. Shrinks for as
    /// long as it takes.
    fn compare_with_fixed_steps(fault: &'static Fault, max_shrink_iters: u32) -> Result<(), Failure> {
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let config = Config { cases: 16 * CASES, max_shrink_iters, max_shrink_time: 0, ..config() };
        compare(&FaultyFixture::new(fault), TestRunner::new_with_rng(config, rng))
    }

    /// Covers at least one fault of each port. The cases alone cover races, sizes, and faults that
    /// need a certain customer of another shop.
    #[test]
    fn faults_are_found() {
        let mut unseen = Vec::new();
        for fault in FAULTS.iter().filter(|fault| fault.is_found_by_the_model) {
            match compare_with_fixed_steps(fault, 0) {
                Ok(()) => unseen.push(fault),
                Err(failure) => {
                    assert!(failure.to_string().starts_with("model: "), "{fault:?}: {failure}");
                }
            }
        }
        assert!(unseen.is_empty(), "faults that are not found: {unseen:#?}");
    }

    #[test]
    fn failing_steps_are_shrunk() {
        let repeats_a_key_in_a_batch = |fault: &&Fault| fault.rule == "IDEMPOTENCY-5";
        let fault = FAULTS.iter().find(repeats_a_key_in_a_batch).unwrap();
        let failure = compare_with_fixed_steps(fault, MAX_SHRINK_ITERS).unwrap_err().to_string();
        // Of 60 steps, the batches remain that the fault needs.
        assert!(failure.matches("Item {").count() <= 6, "{failure}");
        assert!((1..=2).contains(&failure.matches("CreateTickets(").count()), "{failure}");
    }
}
