//! Waits for a database that is unavailable when the server starts.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hexdesk_adapters::OpenError;
use hexdesk_domain::{StorageError, StorageErrorKind};

/// The wait between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

/// The time after which the same cause is logged again.
const REMIND_EVERY: Duration = Duration::from_secs(30);

/// Repeats the attempt until it succeeds or fails for a permanent reason. Logs the reason why the
/// server at `address` waits.
///
/// # Errors
/// The error of the last attempt.
pub(super) async fn until_available<T, Attempt>(
    address: SocketAddr,
    attempt: impl Fn() -> Attempt,
) -> anyhow::Result<T>
where
    Attempt: Future<Output = anyhow::Result<T>>,
{
    let mut logged: Option<(Instant, String)> = None;
    loop {
        let error = match attempt().await {
            Err(error) if passes(&error) => format!("{error:#}"),
            ended => return ended,
        };
        if logged.as_ref().is_none_or(|(at, last)| *last != error || at.elapsed() >= REMIND_EVERY) {
            tracing::warn!(
                %error,
                %address,
                "waiting for the database, /readyz answers 503: start it, or stop this server and correct the settings"
            );
            logged = Some((Instant::now(), error));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether the same attempt may succeed later.
fn passes(error: &anyhow::Error) -> bool {
    match (error.downcast_ref::<OpenError>(), error.downcast_ref::<StorageError>()) {
        (Some(error), _) => error.is_transient(),
        (None, Some(error)) => error.kind != StorageErrorKind::Unexpected,
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_store_that_is_not_available_is_waited_for() {
        for (kind, expected) in [
            (StorageErrorKind::Unavailable, true),
            // This error comes from reserving a range of ids. The next attempt reserves another range.
            (StorageErrorKind::OutcomeUnknown, true),
            (StorageErrorKind::Unexpected, false),
        ] {
            let error = anyhow::Error::from(StorageError::new(kind, "open", anyhow!("it")));
            assert_eq!(passes(&error.context("--database-url")), expected, "{kind:?}");
        }
        assert!(!passes(&anyhow!("must be redb:// and a path")));
    }
}
