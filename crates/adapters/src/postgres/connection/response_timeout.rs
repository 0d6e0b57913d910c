//! Detects a server that no longer responds.
//!
//! A server responds to every statement within its `statement_timeout`. If it does not, the
//! response may never come, although the network reports no fault. Its machine is frozen, a gateway
//! has lost the connection, or a commit waits for a lost standby.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::connection::{Instrumentation, InstrumentationEvent};
use tokio::time::Instant;

/// Time added to the `statement_timeout` for the network and the commit.
const GRACE: Duration = Duration::from_secs(5);

/// When a statement of a connection last began or ended.
#[derive(Debug, Clone)]
pub(in crate::postgres) struct LastActivity(Arc<Mutex<Instant>>);

impl LastActivity {
    pub(in crate::postgres) fn now() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    /// Sets the time to now.
    pub(in crate::postgres) fn renew(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn time(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the time of every event of a connection, and passes the event on.
    pub(in crate::postgres) fn observer(
        &self,
        mut next: Option<Box<dyn Instrumentation>>,
    ) -> impl Instrumentation + use<> {
        let last = self.clone();
        move |event: InstrumentationEvent<'_>| {
            last.renew();
            if let Some(next) = &mut next {
                next.on_connection_event(event);
            }
        }
    }
}

/// The maximum time without an event on a connection in use.
#[derive(Debug, Clone)]
pub(in crate::postgres) struct ResponseTimeout {
    last_activity: LastActivity,
    /// `None` if the server has no `statement_timeout`.
    limit: Option<Duration>,
}

impl ResponseTimeout {
    /// The limit for a server with this `statement_timeout`; 0 means no limit.
    pub(in crate::postgres) fn new(last_activity: LastActivity, statement_timeout: Duration) -> Self {
        let limit = (!statement_timeout.is_zero()).then(|| statement_timeout.saturating_add(GRACE));
        Self { last_activity, limit }
    }

    /// Starts the clock, and returns once the connection had no event for the limit, which it
    /// returns.
    pub(in crate::postgres) async fn exceeded(&self) -> Duration {
        let Some(limit) = self.limit else { return std::future::pending().await };
        self.last_activity.renew();
        loop {
            let waited = self.last_activity.time().elapsed();
            if waited >= limit {
                return limit;
            }
            tokio::time::sleep(limit - waited).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_event_restarts_the_limit() {
        let last_activity = LastActivity::now();
        let limit = ResponseTimeout::new(last_activity.clone(), Duration::from_secs(10));
        let begun = Instant::now();
        let events = async {
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_secs(14)).await;
                last_activity.renew();
            }
        };
        let (waited, ()) = tokio::join!(limit.exceeded(), events);
        assert_eq!((waited, begun.elapsed()), (Duration::from_secs(15), Duration::from_secs(57)));
    }
}
