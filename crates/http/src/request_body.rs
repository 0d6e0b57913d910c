//! Reading a request's body, within limits on its type, its size and its time.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::problem::Problem;

/// The most bytes a JSON body may have.
pub(crate) const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The number of bytes of a body that are read and dropped before the response. A connection that
/// is closed with unread bytes is reset, and the client may never see the response.
const MAX_DRAINED_BYTES: usize = 64 * 1024 * 1024;

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
/// - 400 if it ends early
pub(crate) async fn read_json(request: &HttpRequest, mut payload: Payload) -> Result<Bytes, Problem> {
    if let Err(problem) = check_head(request.headers()) {
        discard(request, payload).await;
        return Err(problem);
    }
    let mut body = BytesMut::new();
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

/// Reads and drops the rest of a body, up to a size and within the timeout of a body.
pub(crate) async fn discard(request: &HttpRequest, mut payload: Payload) {
    let mut left = MAX_DRAINED_BYTES;
    // After the timeout, the connection is closed with unread bytes. There is no alternative.
    let _ = timeout(BodyTimeout::of(request), async {
        while let Some(Ok(chunk)) = payload.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                break;
            }
        }
    })
    .await;
}

fn check_head(headers: &HeaderMap) -> Result<(), Problem> {
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
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if length
        .and_then(|length| length.parse::<u64>().ok())
        .is_some_and(|length| length > MAX_BODY_BYTES as u64)
    {
        return Err(Problem::body_too_large(MAX_BODY_BYTES));
    }
    Ok(())
}
