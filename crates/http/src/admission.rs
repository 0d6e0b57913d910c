//! Limits the number of requests that the server accepts, and their time.

use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, ResponseError, web};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::problem::Problem;
use crate::{connections, request_body};

/// The largest body that is read if a request is refused. If the body is larger, the connection is
/// closed, and the client may not see the response.
const MAX_REFUSED_BODY_BYTES: u64 = 64 * 1024;

/// The longest time for reading it.
const REFUSED_BODY_TIMEOUT: Duration = Duration::from_secs(1);

/// The time that a request waits for a permit if its connection was refused recently.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(1);

/// A refusal is recent for this time.
const RECENTLY: Duration = Duration::from_secs(10);

/// The timeout of a request if the app data has no [`Admission`].
const MAX_REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// The limits on requests.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    in_flight: Arc<Semaphore>,
    request_timeout: Duration,
    read_timeout: Duration,
}

impl Admission {
    /// Accepts at most `max_requests` at a time, each for `request_timeout`, and a read for
    /// `read_timeout` if that is shorter.
    pub(crate) fn new(max_requests: usize, request_timeout: Duration, read_timeout: Duration) -> Self {
        let in_flight = Semaphore::new(max_requests.min(Semaphore::MAX_PERMITS));
        let read_timeout = read_timeout.min(request_timeout);
        Self { in_flight: Arc::new(in_flight), request_timeout, read_timeout }
    }

    /// Returns a permit for this request, if one is free. If its connection was refused recently,
    /// the request waits for a permit: many clients retry at once, and the server would refuse
    /// most of them.
    async fn permit(&self, request: &HttpRequest) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.in_flight).try_acquire_owned() {
            return Some(permit);
        }
        connections::last_refusal(request).filter(|ago| *ago < RECENTLY)?;
        timeout(QUEUE_TIMEOUT, Arc::clone(&self.in_flight).acquire_owned()).await.ok()?.ok()
    }
}

/// Accepts the request if a permit is free, and returns 503 otherwise. It returns 503 at once,
/// unless the connection was refused recently. `/livez` and `/readyz` need no permit.
///
/// # Errors
/// The errors of the handler. The framework defines the error type.
pub(crate) async fn admit(
    admission: web::Data<Admission>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if ["/livez", "/readyz"].contains(&request.path()) {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    let Some(_in_flight) = admission.permit(request.request()).await else {
        connections::remember_refusal(request.request());
        refuse_body(&mut request).await;
        return Ok(request.error_response(Problem::overloaded()));
    };
    next.call(request).await.map(ServiceResponse::map_into_boxed_body)
}

/// Returns the deadline of a request. Call it right after the head was read.
pub(crate) fn deadline(request: &HttpRequest) -> Instant {
    let timeout = admission(request).map_or(MAX_REQUEST_TIMEOUT, |admission| {
        if is_read(request.method()) { admission.read_timeout } else { admission.request_timeout }
    });
    Instant::now() + timeout
}

/// Whether a request changes nothing.
fn is_read(method: &Method) -> bool {
    [Method::GET, Method::HEAD].contains(method)
}

/// Serves a request, and returns 503 after its deadline. A read ends earlier if its client is gone.
/// Dropping its future tells the store to stop.
///
/// # Errors
/// The errors of the handler. The framework defines the error type.
pub(crate) async fn in_time(
    deadline: Instant,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let http_request = request.request().clone();
    let is_read = is_read(request.method());
    let served = timeout_at(deadline, next.call(request));
    // A read had no effect. A write may continue after its client has disconnected.
    let (served, late) = if is_read {
        tokio::select! {
            served = served => (served.ok(), Problem::too_expensive()),
            () = connections::client_gone(&http_request) => (None, Problem::client_closed_request()),
        }
    } else {
        (served.await.ok(), Problem::outcome_unknown())
    };
    match served {
        Some(served) => served.map(ServiceResponse::map_into_boxed_body),
        None => Ok(ServiceResponse::new(http_request, late.error_response())),
    }
}

fn admission(request: &HttpRequest) -> Option<&Admission> {
    request.app_data::<web::Data<Admission>>().map(|admission| &***admission)
}

/// Reads a small body, so that the client sees the response.
async fn refuse_body(request: &mut ServiceRequest) {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let is_small = length
        .and_then(|length| length.parse().ok())
        .is_some_and(|length: u64| length <= MAX_REFUSED_BODY_BYTES);
    if is_small {
        let payload: Payload = request.take_payload();
        // After the timeout, the connection is closed with unread bytes.
        let _ = timeout(REFUSED_BODY_TIMEOUT, request_body::discard(request.request(), payload)).await;
    }
}
