//! The rate limit of each API key, and the headers that report it: `RateLimit-Policy` and
//! `RateLimit` of draft-ietf-httpapi-ratelimit-headers.

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hexdesk_domain::{KeyNumber, Principal, ShopId};

use crate::problem::Problem;

const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// A number of requests in a number of seconds. A key may make all of them at once. Then it may
/// make one more each time the share of one request has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLimit {
    requests: NonZeroU32,
    seconds: NonZeroU32,
}

/// The text is not a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be requests/seconds, two whole numbers from 1, like 600/60")]
pub(crate) struct RateLimitError;

impl FromStr for RateLimit {
    type Err = RateLimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (requests, seconds) = text.split_once('/').ok_or(RateLimitError)?;
        let number = |text: &str| text.parse().map_err(|_| RateLimitError);
        Ok(Self { requests: number(requests)?, seconds: number(seconds)? })
    }
}

impl RateLimit {
    /// Returns the time after which a used-up limit allows one more request.
    fn period(self) -> Duration {
        Duration::from_secs(self.seconds.get().into()) / self.requests.get()
    }
}

/// Counts the requests of each key in this process.
pub(crate) struct RateLimits {
    limit: RateLimit,
    limiter: DefaultKeyedRateLimiter<(ShopId, KeyNumber), StateInformationMiddleware>,
    clock: DefaultClock,
}

/// The state of a key's limit after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLimitState {
    limit: RateLimit,
    /// Requests that the key may make at once.
    remaining: u32,
    /// Seconds until the whole limit is available again. If no request remains, seconds until one
    /// request is available.
    reset: u64,
}

impl RateLimits {
    /// Sets the same limit for every key. Returns `None` if the time for one request is too short to
    /// measure.
    pub(crate) fn new(limit: RateLimit) -> Option<Self> {
        let quota = Quota::with_period(limit.period())?.allow_burst(limit.requests);
        let limiter = RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>();
        Some(Self { limit, limiter, clock: DefaultClock::default() })
    }

    /// Counts a request of this principal.
    ///
    /// # Errors
    /// 429 above the limit.
    pub(crate) fn count(&self, principal: &Principal) -> (RateLimitState, Result<(), Problem>) {
        match self.limiter.check_key(&(principal.shop.id, principal.key_number)) {
            Ok(left) => {
                let remaining = left.remaining_burst_capacity();
                let used = self.limit.requests.get().saturating_sub(remaining);
                let reset = seconds_rounded_up(self.limit.period() * used);
                (RateLimitState { limit: self.limit, remaining, reset }, Ok(()))
            }
            Err(refusal) => {
                let reset = seconds_rounded_up(refusal.wait_time_from(self.clock.now()));
                let state = RateLimitState { limit: self.limit, remaining: 0, reset };
                (state, Err(Problem::rate_limited(reset)))
            }
        }
    }
}

/// Returns whole seconds, at least one.
fn seconds_rounded_up(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)).max(1)
}

impl RateLimitState {
    /// Writes the headers.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        let RateLimit { requests, seconds } = self.limit;
        let policy = format!("\"default\";q={requests};w={seconds}");
        let state = format!("\"default\";r={};t={}", self.remaining, self.reset);
        for (name, value) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, state)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_two_whole_numbers() {
        let limit: RateLimit = "600/60".parse().unwrap();
        assert_eq!((limit.requests.get(), limit.seconds.get()), (600, 60));
        assert_eq!(limit.period(), Duration::from_millis(100));
        for text in
            ["", "600", "600/", "/60", "0/60", "600/0", "-1/1", "1.5/1", "1/1/1", "a/b", "4294967296/1"]
        {
            assert_eq!(text.parse::<RateLimit>(), Err(RateLimitError), "{text}");
        }
        assert!(RateLimits::new("4294967295/1".parse().unwrap()).is_none());
    }

    #[test]
    fn waits_are_told_in_whole_seconds() {
        let seconds = |millis| seconds_rounded_up(Duration::from_millis(millis));
        assert_eq!([seconds(0), seconds(1), seconds(1_000), seconds(1_001)], [1, 1, 1, 2]);
    }
}
