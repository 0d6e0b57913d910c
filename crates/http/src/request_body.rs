//! Reading a request's body, within limits on its type, its size and its time.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::connections::AwaitingBody;
use crate::problem::Problem;

/// The most bytes a JSON body may have.
pub(crate) const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// The number of bytes of a body that are read and dropped before the response. A connection that
/// is closed with unread bytes is reset, and the client may never see the response.
const MAX_DRAINED_BYTES: usize = 64 * 1024 * 1024;

/// The longest time for a body that is read and dropped.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

/// The longest time for a body to arrive, if the timeout of requests is longer.
const MAX_BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest time for a body to arrive. It is part of a server's app data.
///
/// A slow body is distinguished from a slow command, because it had no effect.
#[derive(Clone, Copy)]
pub(crate) struct BodyTimeout(Duration);

impl BodyTimeout {
    /// Returns half of the timeout of a request, at most 30 seconds.
    pub(crate) fn within(request_timeout: Duration) -> Self {
        Self(MAX_BODY_TIMEOUT.min(request_timeout / 2))
    }

    fn of(request: &HttpRequest) -> Duration {
        request.app_data::<Self>().map_or(MAX_BODY_TIMEOUT, |timeout| timeout.0)
    }
}

/// Reads the whole JSON body of a request.
///
/// # Errors
/// - 415 for another type or a compressed body
/// - 413 above [`MAX_BODY_BYTES`]
/// - 408 if it does not arrive in time
/// - 400 if it ends early, or never
pub(crate) async fn read_json(request: &HttpRequest, mut payload: Payload) -> Result<Bytes, Problem> {
    if let Err(problem) = check_head(request) {
        discard(request, payload).await;
        return Err(problem);
    }
    let mut body = BytesMut::new();
    let awaiting = AwaitingBody::begin(request);
    let whole = timeout(BodyTimeout::of(request), async {
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Problem::unreadable_body("the body broke off"))?;
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                return Err(Problem::body_too_large(MAX_BODY_BYTES));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(())
    })
    .await;
    drop(awaiting);
    match whole {
        Ok(Ok(())) => Ok(body.freeze()),
        Ok(Err(problem)) => {
            discard(request, payload).await;
            Err(problem)
        }
        // The rest would also be late.
        Err(_) => Err(Problem::body_timeout()),
    }
}

/// Reads and drops the rest of a body, up to a size and for a second. Then the connection is closed
/// after the response.
pub(crate) async fn discard(request: &HttpRequest, mut payload: Payload) {
    if is_endless(request) {
        return;
    }
    let _awaiting = AwaitingBody::begin(request);
    let mut left = MAX_DRAINED_BYTES;
    let _ = timeout(DISCARD_TIMEOUT, async {
        while let Some(Ok(chunk)) = payload.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                break;
            }
        }
    })
    .await;
}

/// Whether the framework takes everything that follows for the body.
fn is_endless(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let is_upgrade = || {
        headers
            .get_all(header::UPGRADE)
            .any(|value| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"websocket"))
    };
    (*request.method() == Method::CONNECT || is_upgrade()) && !headers.contains_key(header::TRANSFER_ENCODING)
}

/// Returns the length that a body has by its head.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

fn check_head(request: &HttpRequest) -> Result<(), Problem> {
    let headers = request.headers();
    if let Some(content_type) = headers.get(header::CONTENT_TYPE) {
        let essence = content_type.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        if !essence.trim_ascii().eq_ignore_ascii_case(b"application/json") {
            return Err(Problem::unsupported_media_type("The request body must be application/json"));
        }
    }
    if headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|encoding| !encoding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"))
    {
        return Err(Problem::unsupported_media_type("The request body must not be compressed"));
    }
    if is_endless(request) {
        return Err(Problem::unreadable_body("the body has no end: this server upgrades no connection"));
    }
    if content_length(headers).is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        return Err(Problem::body_too_large(MAX_BODY_BYTES));
    }
    Ok(())
}
