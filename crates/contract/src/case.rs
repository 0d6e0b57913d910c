//! The table of cases, and how one is run.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hexdesk_domain::Storage;

use crate::StorageFixture;

/// One obligation as a check that a store passes or does not.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The obligation: `TICKET-3`.
    pub rule: &'static str,
    /// The name of its test, with the module: `tickets::ticket_3_unknown_customer_is_refused`.
    pub name: &'static str,
    /// What it is about, if that is something that a store may lack: `text_search`.
    pub capability: Option<&'static str>,
    /// The check, on an empty store.
    pub check: CheckFn,
}

/// What a case does with a store.
pub type CheckFn = fn(Arc<dyn Storage>) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// Makes the table of [`CASES`] from the list in `__for_each_case`.
macro_rules! case_table {
    ([] $($module:ident { $($rule:literal $name:ident $(($capability:ident))?)+ })+) => {
        /// Every obligation of the ports, with its case.
        pub const CASES: &[Case] = &[
            $($($crate::__case!($module $rule $name $(($capability))?),)+)+
        ];
    };
}
crate::__for_each_case!([case_table] []);

/// Long enough for the slowest store; what takes longer waits for something that will
/// not come.
const TIME_LIMIT: Duration = Duration::from_secs(120);
/// How long the tasks that a store left behind may take to end.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

impl Case {
    /// Runs the case on a store of its own, which the fixture opens, on a runtime of its
    /// own with several threads.
    ///
    /// # Errors
    /// What the store did wrong; the message begins with [`Case::rule`]. A store that
    /// panics or does not answer fails, too.
    pub fn run(&self, fixture: &dyn StorageFixture) -> Result<(), Failure> {
        on_store_of_its_own(fixture, self.check).map_err(|error| Failure(format!("{}: {error:#}", self.rule)))
    }
}

/// Opens a store on a runtime with several threads, checks it, and takes both down.
pub(crate) fn on_store_of_its_own<F>(
    fixture: &dyn StorageFixture,
    check: impl FnOnce(Arc<dyn Storage>) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(4).enable_all().build().context("no runtime")?;
    let opened = runtime.block_on(fixture.open()).context("the fixture opened no store")?;
    let checked = runtime.spawn(check(opened.storage));
    let result = runtime.block_on(async { tokio::time::timeout(TIME_LIMIT, checked).await });
    // The connections of a store end with the runtime, before the guard is dropped.
    runtime.shutdown_timeout(SHUTDOWN_LIMIT);
    drop(opened.guard);
    result.context("no answer within the time limit")?.context("the store panicked")?
}

/// What a store did wrong. Its `Debug` is the message alone, which is what a test that
/// answers it shows.
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
