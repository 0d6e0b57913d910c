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

/// The most bytes a form may have. Forms take up to 12 bytes for a character of a message.
#[cfg(feature = "console")]
pub(crate) const MAX_FORM_BYTES: usize = 4 * 1024 * 1024;

/// A type of bodies, and the most bytes of one.
#[derive(Clone, Copy)]
struct BodyKind {
    media_type: &'static str,
    max_bytes: usize,
}

const JSON: BodyKind = BodyKind { media_type: "application/json", max_bytes: MAX_BODY_BYTES };

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
pub(crate) async fn read_json(request: &HttpRequest, payload: Payload) -> Result<Bytes, Problem> {
    read(request, payload, JSON).await
}

/// Reads the whole body of a form, of at most this many bytes.
///
/// # Errors
/// As [`read_json`].
#[cfg(feature = "console")]
pub(crate) async fn read_form(
    request: &HttpRequest,
    payload: Payload,
    max_bytes: usize,
) -> Result<Bytes, Problem> {
    let kind = BodyKind { media_type: "application/x-www-form-urlencoded", max_bytes };
    read(request, payload, kind).await
}

async fn read(request: &HttpRequest, mut payload: Payload, kind: BodyKind) -> Result<Bytes, Problem> {
    if let Err(problem) = check_head(request, kind) {
        discard(request, payload).await;
        return Err(problem);
    }
    let mut body = BytesMut::new();
    let awaiting = AwaitingBody::begin(request);
    let whole = timeout(BodyTimeout::of(request), async {
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Problem::unreadable_body("the body broke off"))?;
            if body.len() + chunk.len() > kind.max_bytes {
                return Err(Problem::body_too_large(kind.max_bytes));
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

fn check_head(request: &HttpRequest, BodyKind { media_type, max_bytes }: BodyKind) -> Result<(), Problem> {
    let headers = request.headers();
    if let Some(content_type) = headers.get(header::CONTENT_TYPE) {
        let essence = content_type.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        if !essence.trim_ascii().eq_ignore_ascii_case(media_type.as_bytes()) {
            return Err(Problem::unsupported_media_type(format!("The request body must be {media_type}")));
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
    if content_length(headers).is_some_and(|length| length > max_bytes as u64) {
        return Err(Problem::body_too_large(max_bytes));
    }
    Ok(())
}
