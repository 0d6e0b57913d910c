//! The table of cases and how to run one.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hexdesk_domain::Storage;

use crate::StorageFixture;

/// One obligation, as a check of a store.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The obligation: `TICKET-3`.
    pub rule: &'static str,
    /// The name of its test with the module: `tickets::ticket_3_unknown_customer_is_refused`.
    pub name: &'static str,
    /// The optional capability that the case needs, such as `text_search`.
    pub capability: Option<&'static str>,
    /// The check. It needs an empty store.
    pub check: CheckFn,
}

/// The check of a case.
pub type CheckFn = fn(Arc<dyn Storage>) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// Makes the table of [`CASES`] from the list in `__for_each_case`.
macro_rules! case_table {
    ([] $($module:ident { $($rule:literal $name:ident $(($capability:ident))?)+ })+) => {
        /// The cases of all obligations.
        pub const CASES: &[Case] = &[
            $($($crate::__case!($module $rule $name $(($capability))?),)+)+
        ];
    };
}
crate::__for_each_case!([case_table] []);

/// Long enough for the slowest store. A case that takes longer waits for something that never
/// comes.
const TIME_LIMIT: Duration = Duration::from_secs(120);
/// The time that a store's remaining tasks have to end.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

impl Case {
    /// The module of its test: `tickets`.
    pub fn module(&self) -> &'static str {
        self.name.split_once("::").map_or(self.name, |(module, _)| module)
    }

    /// Opens a new store from the fixture and runs the case on it. The case has its own tokio
    /// runtime with several threads.
    ///
    /// # Errors
    /// Returns the failure. The message begins with [`Case::rule`]. A store that panics or does not
    /// respond fails, too.
    pub fn run(&self, fixture: &dyn StorageFixture) -> Result<(), Failure> {
        on_store_of_its_own(fixture, self.check).map_err(|error| Failure(format!("{}: {error:#}", self.rule)))
    }
}

/// Opens a store on a runtime with several threads, checks it, and shuts both down.
pub(crate) fn on_store_of_its_own<F>(
    fixture: &dyn StorageFixture,
    check: impl FnOnce(Arc<dyn Storage>) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(4).enable_all().build().context("no runtime")?;
    let opened = runtime.block_on(fixture.open()).context("the fixture failed to open a store")?;
    let checked = runtime.spawn(check(opened.storage));
    let result = runtime.block_on(async { tokio::time::timeout(TIME_LIMIT, checked).await });
    // The store's connections end with the runtime, before the guard is dropped.
    runtime.shutdown_timeout(SHUTDOWN_LIMIT);
    drop(opened.guard);
    result.context("the case did not end within the time limit")?.context("the store panicked")?
}

/// A failed case. Its `Debug` output is only the message, because tests print that when they
/// return it.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure(pub(crate) String);

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}
