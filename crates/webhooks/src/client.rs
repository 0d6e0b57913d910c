//! One attempt: connect, send, read the status.

mod connect;
mod failure;
mod pool;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use hexdesk_domain::{AllowedTargets, AttemptError, AttemptResult, Clock, NewAttempt, TargetUrl, Timestamp};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response};
use tokio::time::Instant;
use url::{Position, Url};

pub use connect::{Names, SystemNames};
pub use tls::TrustedRoots;

use crate::message::Message;
use connect::Connector;
use failure::error_class;
use pool::{Connection, Pool, Target};

/// How much of a response is read: of its head, and of its body. The status is all that counts.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// The longest times of an attempt.
#[derive(Debug, Clone, Copy)]
pub struct ClientLimits {
    /// The name's resolution, the connection and the TLS handshake together.
    pub connect: Duration,
    /// The whole attempt.
    pub attempt: Duration,
}

impl Default for ClientLimits {
    /// 5 s and 20 s.
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), attempt: Duration::from_secs(20) }
    }
}

/// Sends messages to endpoints.
///
/// It connects only to addresses that are public or that the operator allows. It checks the address
/// that it connects to, after the name was resolved. It follows no redirect, uses no proxy and verifies
/// certificates. A connection is used again for some seconds.
pub struct WebhookClient {
    allowed: Arc<AllowedTargets>,
    connector: Connector,
    pool: Pool,
    clock: Arc<dyn Clock>,
    limits: ClientLimits,
}

/// The outcome of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The attempt.
    pub attempt: NewAttempt,
    /// The delay that the endpoint asked for with `Retry-After`, in milliseconds.
    pub retry_after_millis: Option<i64>,
}

impl WebhookClient {
    /// Creates a client.
    pub fn new(
        allowed: AllowedTargets,
        roots: TrustedRoots,
        names: Arc<dyn Names>,
        clock: Arc<dyn Clock>,
        limits: ClientLimits,
    ) -> Self {
        let allowed = Arc::new(allowed);
        let connector = Connector::new(allowed.clone(), names, roots);
        Self { allowed, connector, pool: Pool::default(), clock, limits }
    }

    /// Sends the message to the URL, once. Every failure is an outcome. The response must be complete
    /// within 16 KiB.
    pub async fn attempt(&self, url: &str, message: &Message) -> Outcome {
        let (time, began) = (self.clock.now(), Instant::now());
        let answered =
            tokio::time::timeout_at(began + self.limits.attempt, self.exchange(url, message, time));
        let (result, retry_after_millis) = match answered.await {
            Err(_) => (AttemptResult::Error(AttemptError::Timeout), None),
            Ok(Err(error)) => (AttemptResult::Error(error), None),
            Ok(Ok((status, retry_after))) => (AttemptResult::Status(status), retry_after),
        };
        let duration_millis = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        Outcome { attempt: NewAttempt { time, duration_millis, result }, retry_after_millis }
    }

    /// Closes connections that were not used for some seconds.
    pub fn close_idle_connections(&self) {
        self.pool.close_idle();
    }

    async fn exchange(
        &self,
        url: &str,
        message: &Message,
        time: Timestamp,
    ) -> Result<(u16, Option<i64>), AttemptError> {
        // The operator may have changed the allowed hosts since the URL was accepted.
        let url = TargetUrl::parse(url, &self.allowed).map_err(|_| AttemptError::RefusedAddress)?;
        let url = url.as_url();
        let target = Target::of(url);
        // A request whose connection the endpoint has just closed is sent again, once, on a new one.
        if let Some(mut connection) = self.pool.take(&target)
            && let Ok(response) = connection.send(request(url, message, time)?).await
        {
            return self.finish(target, connection, response, time).await;
        }
        let connecting = self.connector.connect(url);
        let connected = tokio::time::timeout(self.limits.connect, connecting).await;
        let stream = connected.map_err(|_| AttemptError::Timeout)??;
        let mut connection =
            Connection::start(stream, MAX_ANSWER_BYTES).await.map_err(|error| error_class(&error))?;
        let response =
            connection.send(request(url, message, time)?).await.map_err(|error| error_class(&error))?;
        self.finish(target, connection, response, time).await
    }

    /// Reads the body to its end, and keeps the connection for other messages.
    async fn finish(
        &self,
        target: Target,
        connection: Connection,
        response: Response<Incoming>,
        time: Timestamp,
    ) -> Result<(u16, Option<i64>), AttemptError> {
        let status = response.status().as_u16();
        let retry_after = retry_after_millis(response.headers(), time);
        let is_success = response.status().is_success();
        match read_to_end(response.into_body()).await {
            Ok(()) => self.pool.put(target, connection),
            // A failure stays the failure that it is.
            Err(error) if is_success => return Err(error),
            Err(_) => {}
        }
        Ok((status, retry_after.filter(|_| !is_success)))
    }
}

/// Reads a body of at most [`MAX_ANSWER_BYTES`] and keeps nothing of it.
async fn read_to_end(mut body: Incoming) -> Result<(), AttemptError> {
    let mut left = MAX_ANSWER_BYTES;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| error_class(&error))?;
        let length = frame.data_ref().map_or(0, Bytes::len);
        left = left.checked_sub(length).ok_or(AttemptError::Connect)?;
    }
    Ok(())
}

fn request(url: &Url, message: &Message, time: Timestamp) -> Result<Request<Full<Bytes>>, AttemptError> {
    let seconds = time.unix_millis().div_euclid(1_000);
    let authority = &url[Position::BeforeHost..Position::AfterPort];
    let path = &url[Position::BeforePath..Position::AfterQuery];
    // The URL was checked, so every part is a valid header and a valid path.
    let invalid = |_| AttemptError::Connect;
    let mut request =
        Request::post(path).body(Full::from(message.body.clone())).map_err(|_| AttemptError::Connect)?;
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_str(authority).map_err(invalid)?);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("Hexdesk/", env!("CARGO_PKG_VERSION"))));
    for (name, value) in [
        (HeaderName::from_static("webhook-id"), message.id.to_string()),
        (HeaderName::from_static("webhook-timestamp"), seconds.to_string()),
        (HeaderName::from_static("webhook-signature"), message.signature(seconds)),
    ] {
        headers.insert(name, HeaderValue::from_str(&value).map_err(invalid)?);
    }
    Ok(request)
}

/// The delay of `Retry-After`: seconds, or a date.
fn retry_after_millis(headers: &HeaderMap, now: Timestamp) -> Option<i64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse::<i64>().map_or(i64::MAX, |seconds| seconds.saturating_mul(1_000)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let millis = date.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis();
    let delay = i64::try_from(millis).unwrap_or(i64::MAX).saturating_sub(now.unix_millis());
    (delay > 0).then_some(delay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp::parse("2026-11-30T04:00:00.500Z").unwrap();
        for (value, expected) in [
            ("120", Some(120_000)),
            ("0", Some(0)),
            ("99999999999999999999", Some(i64::MAX)),
            ("Mon, 30 Nov 2026 04:01:00 GMT", Some(59_500)),
            ("Mon, 30 Nov 2026 04:00:00 GMT", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]);
            assert_eq!(retry_after_millis(&headers, now), expected, "{value}");
        }
        assert_eq!(retry_after_millis(&HeaderMap::new(), now), None);
    }
}
