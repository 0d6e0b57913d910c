use std::time::{SystemTime, UNIX_EPOCH};

use hexdesk_domain::{Clock, Timestamp};

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[allow(clippy::disallowed_methods, reason = "the time of day is read here and nowhere else")]
        let now = SystemTime::now();
        let (elapsed, latest) = match now.duration_since(UNIX_EPOCH) {
            Ok(after) => (i64::try_from(after.as_millis()), Timestamp::MAX),
            Err(before) => {
                (i64::try_from(before.duration().as_millis()).map(std::ops::Neg::neg), Timestamp::MIN)
            }
        };
        // A clock that is off by millennia is clamped to the range of `Timestamp`.
        elapsed.ok().and_then(|millis| Timestamp::from_unix_millis(millis).ok()).unwrap_or(latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_the_current_time() {
        let now = SystemClock.now();
        assert!(now > Timestamp::parse("2026-01-01").unwrap() && now < Timestamp::MAX);
    }
}
