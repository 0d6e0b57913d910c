//! The rate limits of each API key and of each shop, and the headers that report them:
//! `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hexdesk_domain::{Actor, Principal, ShopId};

use crate::problem::Problem;

const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// A number of requests in a number of seconds. All of them may be made at once. Then one more may
/// be made each time the share of one request has passed.
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

    /// Returns a multiple of this limit.
    pub(crate) fn times(self, factor: NonZeroU32) -> Self {
        Self { requests: self.requests.saturating_mul(factor), ..self }
    }

    /// Returns `None` if the time for one request is too short to measure.
    pub(crate) fn measurable(self) -> Option<MeasurableLimit> {
        let quota = Quota::with_period(self.period())?.allow_burst(self.requests);
        Some(MeasurableLimit(self, quota))
    }
}

/// A limit whose time for one request can be measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MeasurableLimit(RateLimit, Quota);

/// Counts the requests of each key and of each shop in this process.
pub(crate) struct RateLimits {
    keys: Option<Limiter<(ShopId, Actor)>>,
    shops: Option<Limiter<ShopId>>,
}

/// Counts requests by one property of their principal.
struct Limiter<K: Clone + Eq + Hash> {
    limit: RateLimit,
    limiter: DefaultKeyedRateLimiter<K, StateInformationMiddleware>,
    clock: DefaultClock,
    counted: AtomicU32,
}

/// Counters are removed after this many requests if their limit is fully available again. So a
/// server keeps no counters of keys that ended.
const CLEAN_UP_AFTER: u32 = 1_024;

/// The state of the limits after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLimitState {
    key: Option<PolicyState>,
    shop: Option<PolicyState>,
}

/// A limit and its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PolicyState {
    limit: RateLimit,
    /// `None` if the request was not counted by this limit.
    left: Option<Left>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Left {
    /// Requests that may be made at once.
    remaining: u32,
    /// Seconds until the whole limit is available again. If no request remains, seconds until one
    /// request is available.
    reset: u64,
}

impl RateLimits {
    /// Sets the same limit for every key, and the same limit for every shop.
    pub(crate) fn new(key: Option<MeasurableLimit>, shop: Option<MeasurableLimit>) -> Self {
        Self { keys: key.map(Limiter::new), shops: shop.map(Limiter::new) }
    }

    /// Counts a request of this principal. A request that its key may not make does not count for
    /// the shop. So one key cannot use up the limit of the other keys by requests above its own.
    ///
    /// # Errors
    /// 429 above a limit.
    pub(crate) fn count(&self, principal: &Principal) -> (RateLimitState, Result<(), Problem>) {
        let shop = principal.shop.id;
        let mut state = RateLimitState {
            key: self.keys.as_ref().map(Limiter::uncounted),
            shop: self.shops.as_ref().map(Limiter::uncounted),
        };
        if let Some(keys) = &self.keys {
            let (left, is_allowed) = keys.count(&(shop, principal.actor));
            state.key = Some(PolicyState { limit: keys.limit, left: Some(left) });
            if !is_allowed {
                return (state, Err(Problem::rate_limited("The API key", left.reset)));
            }
        }
        if let Some(shops) = &self.shops {
            let (left, is_allowed) = shops.count(&shop);
            state.shop = Some(PolicyState { limit: shops.limit, left: Some(left) });
            if !is_allowed {
                return (state, Err(Problem::rate_limited("The API keys of the shop together", left.reset)));
            }
        }
        (state, Ok(()))
    }
}

impl<K: Clone + Eq + Hash> Limiter<K> {
    fn new(MeasurableLimit(limit, quota): MeasurableLimit) -> Self {
        let limiter = RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>();
        Self { limit, limiter, clock: DefaultClock::default(), counted: AtomicU32::new(0) }
    }

    fn uncounted(&self) -> PolicyState {
        PolicyState { limit: self.limit, left: None }
    }

    /// Counts a request, and returns whether the limit allows it.
    fn count(&self, key: &K) -> (Left, bool) {
        if self.counted.fetch_add(1, Ordering::Relaxed) % CLEAN_UP_AFTER == CLEAN_UP_AFTER - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        match self.limiter.check_key(key) {
            Ok(left) => {
                let remaining = left.remaining_burst_capacity();
                let used = self.limit.requests.get().saturating_sub(remaining);
                (Left { remaining, reset: seconds_rounded_up(self.limit.period() * used) }, true)
            }
            Err(refusal) => {
                let reset = seconds_rounded_up(refusal.wait_time_from(self.clock.now()));
                (Left { remaining: 0, reset }, false)
            }
        }
    }
}

/// Returns whole seconds, at least one.
fn seconds_rounded_up(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)).max(1)
}

impl RateLimitState {
    /// Writes the headers, with an item for each limit.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        let policies = [("key", self.key), ("shop", self.shop)];
        let policies = policies.iter().filter_map(|(name, policy)| Some((*name, (*policy)?)));
        let limits = policies.clone().map(|(name, PolicyState { limit, .. })| {
            format!("\"{name}\";q={};w={}", limit.requests, limit.seconds)
        });
        let states = policies.filter_map(|(name, policy)| {
            let Left { remaining, reset } = policy.left?;
            Some(format!("\"{name}\";r={remaining};t={reset}"))
        });
        let (limits, states): (Vec<_>, Vec<_>) = (limits.collect(), states.collect());
        for (name, items) in [(RATE_LIMIT_POLICY, limits), (RATE_LIMIT, states)] {
            if let Ok(value) = HeaderValue::from_str(&items.join(", ")) {
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
        assert!("4294967295/1".parse::<RateLimit>().unwrap().measurable().is_none());
        let fourfold: RateLimit = "2400/60".parse().unwrap();
        assert_eq!(limit.times(NonZeroU32::new(4).unwrap()), fourfold);
    }

    #[test]
    fn counters_of_ended_keys_are_removed() {
        // A used request is available again after a nanosecond.
        let limit: RateLimit = "1000000000/1".parse().unwrap();
        let limiter = Limiter::new(limit.measurable().unwrap());
        for key in 0..100 * CLEAN_UP_AFTER {
            assert!(limiter.count(&key).1);
        }
        assert!(limiter.limiter.len() <= CLEAN_UP_AFTER as usize, "{}", limiter.limiter.len());
    }

    #[test]
    fn waits_are_told_in_whole_seconds() {
        let seconds = |millis| seconds_rounded_up(Duration::from_millis(millis));
        assert_eq!([seconds(0), seconds(1), seconds(1_000), seconds(1_001)], [1, 1, 1, 2]);
    }
}
