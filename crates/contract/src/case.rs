//! The table of cases and how to run one.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use hexdesk_domain::Storage;
use tokio::task::JoinError;

use crate::StorageFixture;
use crate::watched::{RunningCalls, WatchedStorage};

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

/// How long to wait.
struct Limits {
    /// One call of the store. A call that takes longer waits for something that never comes.
    call: Duration,
    /// One case. Long enough for the slowest store.
    case: Duration,
    /// The store's remaining tasks, after the case.
    shutdown: Duration,
}

const LIMITS: Limits = Limits {
    call: Duration::from_secs(30),
    case: Duration::from_secs(120),
    shutdown: Duration::from_secs(10),
};

impl Case {
    /// The module of its test: `tickets`.
    pub fn module(&self) -> &'static str {
        self.name.split_once("::").map_or(self.name, |(module, _)| module)
    }

    /// Opens a new store from the fixture and runs the case on it. The case has its own tokio
    /// runtime with several threads.
    ///
    /// # Errors
    /// Returns the failure. The message begins with [`Case::rule`]. A store that panics fails, too.
    /// So does a call that does not return within 30 seconds. The message names its method.
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
    within(&LIMITS, fixture, check)
}

fn within<F>(
    limits: &Limits,
    fixture: &dyn StorageFixture,
    check: impl FnOnce(Arc<dyn Storage>) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(4).enable_all().build().context("no runtime")?;
    let opened = runtime.block_on(fixture.open()).context("the fixture failed to open a store")?;
    let calls = Arc::new(RunningCalls::default());
    let storage = WatchedStorage { storage: opened.storage, calls: Arc::clone(&calls) };
    let checked = runtime.spawn(check(Arc::new(storage)));
    let (sender, ended) = mpsc::channel();
    // The receiver is gone if a limit was exceeded.
    runtime.spawn(async move { sender.send(checked.await).unwrap_or_default() });
    let result = wait(limits, &calls, &ended);
    // The store's connections end with the runtime, before the guard is dropped.
    runtime.shutdown_timeout(limits.shutdown);
    drop(opened.guard);
    result
}

/// Waits for the end of the case, outside of the runtime. A store can block every thread of the
/// runtime, and a runtime without threads has no timers.
fn wait(
    limits: &Limits,
    calls: &RunningCalls,
    ended: &Receiver<Result<anyhow::Result<()>, JoinError>>,
) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let longest = calls.longest();
        let left = longest.map_or(limits.call, |(_, began)| limits.call.saturating_sub(began.elapsed()));
        match ended.recv_timeout(left.min(limits.case.saturating_sub(began.elapsed()))) {
            Ok(result) => return result.context("the store panicked")?,
            Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the store ended the runtime"),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some((method, began)) = calls.longest() {
            let limit = limits.call;
            ensure!(
                began.elapsed() < limit,
                "the call `{method}` has not returned for {limit:?}: is something locked?"
            );
        }
        ensure!(began.elapsed() < limits.case, "the case did not end within {:?}", limits.case);
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faulty::{Fault, FaultyFixture, fault};
    use crate::samples::create_shop;

    const SHORT: Limits = Limits {
        call: Duration::from_millis(300),
        case: Duration::from_secs(60),
        shutdown: Duration::from_millis(100),
    };

    fn failure_of(fault: Fault) -> String {
        let fixture = FaultyFixture::new(Box::leak(Box::new(fault)));
        let create = |storage: Arc<dyn Storage>| async move {
            create_shop(&*storage, "shop.example.com").await?;
            Ok(())
        };
        format!("{:#}", within(&SHORT, &fixture, create).unwrap_err())
    }

    #[test]
    fn a_call_that_never_returns_is_named() {
        let message = "the call `create_shop` has not returned for 300ms: is something locked?";
        let waits = fault("SHOP-1", "A creation waits forever.")
            .create_shop(|store, domain, now| store.create_shop(domain, now));
        assert_eq!(failure_of(waits.never_returning()), message);
        let blocks = fault("SHOP-1", "A creation blocks its thread forever.").create_shop(|_, _, _| {
            loop {
                std::thread::park();
            }
        });
        assert_eq!(failure_of(blocks), message);
    }

    #[test]
    fn a_case_that_waits_for_no_call_ends() {
        let limits = Limits { case: Duration::from_millis(300), ..SHORT };
        let fixture = FaultyFixture::new(Box::leak(Box::new(fault("SHOP-1", "Nothing is wrong."))));
        let failure = within(&limits, &fixture, |_| std::future::pending()).unwrap_err();
        assert_eq!(failure.to_string(), "the case did not end within 300ms");
    }
}
