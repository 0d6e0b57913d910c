//! Notices a server that does not answer any more.
//!
//! A server answers every statement within its `statement_timeout`. From one that does not,
//! nothing may ever come, though the network sees no fault: its machine is frozen, what
//! stands between it and here has lost it, or a commit waits for a standby that is gone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::connection::{Instrumentation, InstrumentationEvent};
use tokio::time::Instant;

/// How much longer than a statement its answer may take: for the way, and for the commit.
const GRACE: Duration = Duration::from_secs(5);

/// When a statement of a connection last began or ended.
#[derive(Debug, Clone)]
pub(in crate::postgres) struct LastActivity(Arc<Mutex<Instant>>);

impl LastActivity {
    pub(in crate::postgres) fn now() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    /// Takes note of the moment.
    pub(in crate::postgres) fn renew(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn time(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees the events of the connection that it is given to, and passes them on.
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

/// How long a connection may be without an event while it is in use.
#[derive(Debug, Clone)]
pub(in crate::postgres) struct ResponseTimeout {
    last_activity: LastActivity,
    /// `None` where the server takes whatever time it needs.
    limit: Option<Duration>,
}

impl ResponseTimeout {
    /// The limit of a connection to a server with this `statement_timeout`, where 0 is none.
    pub(in crate::postgres) fn new(last_activity: LastActivity, statement_timeout: Duration) -> Self {
        let limit = (!statement_timeout.is_zero()).then(|| statement_timeout.saturating_add(GRACE));
        Self { last_activity, limit }
    }

    /// Ends when the connection, which is in use from now on, has been silent for too long,
    /// and answers for how long.
    pub(in crate::postgres) async fn exceeded(&self) -> Duration {
        let Some(limit) = self.limit else { return std::future::pending().await };
        self.last_activity.renew();
        loop {
            let silent_for = self.last_activity.time().elapsed();
            if silent_for >= limit {
                return limit;
            }
            tokio::time::sleep(limit - silent_for).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_limit_begins_anew_with_each_event() {
        let last_activity = LastActivity::now();
        let limit = ResponseTimeout::new(last_activity.clone(), Duration::from_secs(10));
        let begun = Instant::now();
        let events = async {
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_secs(14)).await;
                last_activity.renew();
            }
        };
        let (silent_for, ()) = tokio::join!(limit.exceeded(), events);
        assert_eq!((silent_for, begun.elapsed()), (Duration::from_secs(15), Duration::from_secs(57)));
    }
}
