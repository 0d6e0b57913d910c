//! An adapter that is being written: what it declares, and how many cases pass so far.

use std::fmt;

use anyhow::ensure;
use hexdesk_domain::Capabilities;

use crate::case::on_store_of_its_own;
use crate::comparison::shortened;
use crate::{CASES, Case, Failure, StorageFixture};

/// The characters of a failure that a line of [`Progress`] shows.
const SHOWN_CHARS: usize = 100;

/// Fails unless the store lacks exactly these capabilities. [`storage_contract!`] makes this test.
///
/// [`storage_contract!`]: crate::storage_contract
///
/// # Errors
/// The failure names the capability.
#[doc(hidden)]
pub fn expect_missing(fixture: &dyn StorageFixture, missing: &[&str]) -> Result<(), Failure> {
    let missing: Vec<String> = missing.iter().map(|&name| name.to_owned()).collect();
    let check = |storage: std::sync::Arc<dyn hexdesk_domain::Storage>| async move {
        for (name, is_declared) in named(storage.capabilities()) {
            let is_missing = missing.iter().any(|missing| missing == name);
            ensure!(
                is_declared != is_missing,
                "{name} is {} `without`, but the store {} it",
                if is_missing { "in" } else { "not in" },
                if is_declared { "declares" } else { "does not declare" },
            );
        }
        Ok(())
    };
    on_store_of_its_own(fixture, check).map_err(|error| Failure(format!("CAPABILITY-1: {error:#}")))
}

/// The capabilities by the names that the list of cases uses.
fn named(Capabilities { text_search, .. }: Capabilities) -> [(&'static str, bool); 1] {
    [("text_search", text_search)]
}

/// How many cases pass in each module of the tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// One for each module, in the order of the cases.
    pub modules: Vec<ModuleProgress>,
}

/// How many cases of a module pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleProgress {
    /// The module: `shops`.
    pub module: &'static str,
    /// The number of cases that pass.
    pub passed: usize,
    /// The number of cases.
    pub cases: usize,
    /// The failure of the first case that does not pass.
    pub first_failure: Option<Failure>,
}

/// Runs the cases of these modules, except those of missing capabilities, and counts.
pub fn progress(fixture: &dyn StorageFixture, missing: &[&str], modules: &[&str]) -> Progress {
    let mut counted: Vec<ModuleProgress> = Vec::new();
    let is_wanted = |case: &&Case| {
        modules.contains(&case.module()) && case.capability.is_none_or(|it| !missing.contains(&it))
    };
    for case in CASES.iter().filter(is_wanted) {
        let result = case.run(fixture);
        if counted.last().is_none_or(|last| last.module != case.module()) {
            counted.push(ModuleProgress { module: case.module(), passed: 0, cases: 0, first_failure: None });
        }
        if let Some(module) = counted.last_mut() {
            module.cases += 1;
            module.passed += usize::from(result.is_ok());
            module.first_failure = module.first_failure.take().or(result.err());
        }
    }
    Progress { modules: counted }
}

/// The test of an adapter that is being written: prints the progress of its pending modules. Fails
/// if one of them passes.
#[doc(hidden)]
pub fn expect_pending(
    fixture: &dyn StorageFixture,
    missing: &[&str],
    pending: &[&str],
) -> Result<(), Failure> {
    let progress = progress(fixture, missing, pending);
    #[allow(clippy::print_stdout, reason = "the output of a test")]
    {
        println!("{progress}");
    }
    let done = progress.modules.iter().filter(|module| module.first_failure.is_none());
    let done: Vec<&str> = done.map(|module| module.module).collect();
    if done.is_empty() {
        return Ok(());
    }
    Err(Failure(format!("every case passes in {}: take this out of `pending`", done.join(", "))))
}

/// One line for each module.
impl fmt::Display for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ModuleProgress { module, passed, cases, first_failure } in &self.modules {
            let next = first_failure.as_ref().map_or("done".to_owned(), |failure| {
                shortened(failure.0.lines().next().unwrap_or_default(), SHOWN_CHARS)
            });
            writeln!(formatter, "{module:16} {passed:2} of {cases:2}  {next}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::{MemoryStorage, TestStorage};

    struct Reference;

    #[async_trait]
    impl StorageFixture for Reference {
        async fn open(&self) -> anyhow::Result<TestStorage> {
            Ok(TestStorage::new(MemoryStorage::new()))
        }
    }

    #[test]
    fn the_list_of_missing_capabilities_is_compared_with_the_store() {
        assert_eq!(expect_missing(&Reference, &[]), Ok(()));
        let failure = expect_missing(&Reference, &["text_search"]).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "CAPABILITY-1: text_search is in `without`, but the store declares it"
        );
    }

    #[test]
    fn a_module_that_passes_is_not_pending() {
        let failure = expect_pending(&Reference, &[], &["shops", "readiness"]).unwrap_err();
        assert_eq!(failure.to_string(), "every case passes in shops, readiness: take this out of `pending`");
        let done = progress(&Reference, &[], &["readiness"]);
        assert_eq!(done.to_string(), "readiness         1 of  1  done\n");
        assert_eq!(progress(&Reference, &["text_search"], &["search"]).modules, []);
    }
}
