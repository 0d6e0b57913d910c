//! The settings that limit the server's load.

use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::bail;
use clap::Args;

use crate::admission::Admission;
use crate::rate_limits::{MeasurableLimit, RateLimit, RateLimits};
use crate::request_body::BodyTimeout;
use crate::setting_values::whole;

/// A shop's keys together may make as many requests as this many keys, by default. Two or three
/// busy programs of a shop do not reach that.
const KEYS_OF_A_SHOP: NonZeroU32 = NonZeroU32::MIN.saturating_add(3);

/// The limits of a server.
#[derive(Debug, Clone, Args)]
pub(crate) struct Limits {
    /// How many requests may be in flight, from the check of the key until the response was sent.
    /// More get 503 at once. One shop gets seven eighths of them.
    #[arg(
        long,
        env = "HEXDESK_MAX_REQUESTS",
        default_value = "1024",
        value_name = "REQUESTS",
        value_parser = whole::<usize>("requests", 1..=1_000_000, 1_024)
    )]
    max_requests: usize,
    /// How many MiB the responses in memory may take, and the bodies of requests above 64 KiB. More
    /// wait. One shop gets half of it.
    #[arg(
        long,
        env = "HEXDESK_MAX_ANSWER_MEMORY",
        default_value = "256",
        value_name = "MIB",
        value_parser = whole::<u32>("MiB", 8..=1_048_576, 256)
    )]
    max_answer_memory: u32,
    /// How many connections may be open. More wait until one is closed.
    #[arg(
        long,
        env = "HEXDESK_MAX_CONNECTIONS",
        default_value = "10000",
        value_name = "CONNECTIONS",
        value_parser = whole::<usize>("connections", 1..=10_000_000, 10_000)
    )]
    max_connections: usize,
    /// How many seconds a connection stays open after a response. Set it higher than the idle timeout
    /// of a load balancer in front, or the balancer may send a request on a closed connection.
    #[arg(
        long,
        env = "HEXDESK_KEEP_ALIVE",
        default_value = "75",
        value_name = "SECONDS",
        value_parser = whole::<u64>("seconds", 1..=3_600, 75)
    )]
    keep_alive: u64,
    /// How many seconds a request may take from its head to its response.
    #[arg(
        long,
        env = "HEXDESK_REQUEST_TIMEOUT",
        default_value = "60",
        value_name = "SECONDS",
        value_parser = whole::<u64>("seconds", 1..=3_600, 60)
    )]
    request_timeout: u64,
    /// How many seconds a GET may take, if that is shorter. Then its query is stopped.
    #[arg(
        long,
        env = "HEXDESK_READ_TIMEOUT",
        default_value = "5",
        value_name = "SECONDS",
        value_parser = whole::<u64>("seconds", 1..=3_600, 5)
    )]
    read_timeout: u64,
    /// How many streams of events may be open, and requests that wait for an event. More get 429. One
    /// API key gets 20 of them.
    #[arg(
        long,
        env = "HEXDESK_MAX_STREAMS",
        default_value = "1000",
        value_name = "STREAMS",
        value_parser = whole::<usize>("streams", 0..=1_000_000, 1_000)
    )]
    max_streams: usize,
    /// How many requests each API key may make in how many seconds, such as 600/60. More get
    /// 429. The default is no limit. Each server process counts separately.
    #[arg(long, env = "HEXDESK_RATE_LIMIT", value_name = "REQUESTS/SECONDS")]
    rate_limit: Option<RateLimit>,
    /// How many requests all API keys of a shop together may make in how many seconds. More get
    /// 429. The default is four times --rate-limit.
    #[arg(long, env = "HEXDESK_SHOP_RATE_LIMIT", value_name = "REQUESTS/SECONDS")]
    shop_rate_limit: Option<RateLimit>,
}

impl Limits {
    /// Returns the limits on requests.
    pub(crate) fn admission(&self) -> Admission {
        let max_memory = (self.max_answer_memory as usize).saturating_mul(1024 * 1024);
        let read_timeout = Duration::from_secs(self.read_timeout);
        Admission::new(self.max_requests, max_memory, self.request_timeout(), read_timeout)
    }

    /// Returns the number of streams that may be open.
    pub(crate) fn max_streams(&self) -> usize {
        self.max_streams
    }

    /// Returns the longest time between two requests of a connection.
    pub(crate) fn keep_alive(&self) -> Duration {
        Duration::from_secs(self.keep_alive)
    }

    /// Returns the longest time for the body of a request to arrive.
    pub(crate) fn body_timeout(&self) -> BodyTimeout {
        BodyTimeout::within(self.request_timeout())
    }

    /// Returns the longest time for a request.
    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout)
    }

    /// Returns the number of connections that each worker may have open.
    pub(crate) fn connections_per_worker(&self, workers: usize) -> usize {
        self.max_connections.div_ceil(workers.max(1))
    }

    /// Returns the rate limits of keys and shops, if there are any.
    ///
    /// # Errors
    /// If a limit is too high to be measured.
    pub(crate) fn rate_limits(&self) -> anyhow::Result<Option<RateLimits>> {
        let key = measurable(self.rate_limit, "--rate-limit (HEXDESK_RATE_LIMIT)")?;
        let shop = measurable(self.shop_rate_limit, "--shop-rate-limit (HEXDESK_SHOP_RATE_LIMIT)")?;
        // A default that is too high to be measured is no limit.
        let default = self.rate_limit.and_then(|limit| limit.times(KEYS_OF_A_SHOP).measurable());
        let shop = shop.or(default);
        Ok((key.is_some() || shop.is_some()).then(|| RateLimits::new(key, shop)))
    }
}

fn measurable(limit: Option<RateLimit>, setting: &str) -> anyhow::Result<Option<MeasurableLimit>> {
    let Some(limit) = limit else { return Ok(None) };
    match limit.measurable() {
        Some(limit) => Ok(Some(limit)),
        None => {
            bail!("{setting} allows more than a request each nanosecond: lower it, or leave it out")
        }
    }
}
