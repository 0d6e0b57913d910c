//! Which requests are taken on, and how long they may take.

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

/// The largest body that is still read of a request that is not taken on. Connections with
/// larger ones are closed, and their clients may not see the answer.
const MAX_DISCARDED_BYTES: u64 = 64 * 1024;

/// How long that may take.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a request waits in line whose connection was refused lately.
const TIME_IN_LINE: Duration = Duration::from_secs(1);

/// How long it is kept in mind that a connection was refused.
const REMEMBERED: Duration = Duration::from_secs(10);

/// How long a request may take where no server says so.
const MAX_REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a body may take at most. A request whose body is slow must be told apart from
/// one whose command is: nothing of it was done.
const MAX_BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The requests that the server has room for.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    in_flight: Arc<Semaphore>,
    request_timeout: Duration,
}

impl Admission {
    /// Room for `max_requests` at a time, for `request_timeout` each.
    pub(crate) fn new(max_requests: usize, request_timeout: Duration) -> Self {
        let in_flight = Semaphore::new(max_requests.min(Semaphore::MAX_PERMITS));
        Self { in_flight: Arc::new(in_flight), request_timeout }
    }

    /// Room for this request, if there is any. A connection that was refused lately waits in
    /// line for a while: clients that come again at once, as many do, would otherwise have the
    /// server do little else than refuse them.
    async fn room(&self, request: &HttpRequest) -> Option<OwnedSemaphorePermit> {
        if let Ok(room) = Arc::clone(&self.in_flight).try_acquire_owned() {
            return Some(room);
        }
        connections::last_refusal(request).filter(|ago| *ago < REMEMBERED)?;
        timeout(TIME_IN_LINE, Arc::clone(&self.in_flight).acquire_owned()).await.ok()?.ok()
    }

    /// How long a body may take to arrive: half of what the request may take.
    fn body_timeout(&self) -> Duration {
        MAX_BODY_TIMEOUT.min(self.request_timeout / 2)
    }
}

/// How long the body of this request may take to arrive.
pub(crate) fn body_timeout(request: &HttpRequest) -> Duration {
    admission(request).map_or(MAX_BODY_TIMEOUT, Admission::body_timeout)
}

/// Takes the request on if there is room, and answers 503 if there is none: at once, unless
/// its connection was refused lately. Whether the server lives and is ready can always be
/// asked.
///
/// # Errors
/// Those of the handler; the type is the framework's.
pub(crate) async fn admit(
    admission: web::Data<Admission>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if ["/livez", "/readyz"].contains(&request.path()) {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    let Some(_in_flight) = admission.room(request.request()).await else {
        connections::remember_refusal(request.request());
        refuse_body(&mut request).await;
        return Ok(request.error_response(Problem::overloaded()));
    };
    next.call(request).await.map(ServiceResponse::map_into_boxed_body)
}

/// When a request whose head has just been read must have been answered.
pub(crate) fn deadline(request: &HttpRequest) -> Instant {
    Instant::now() + admission(request).map_or(MAX_REQUEST_TIMEOUT, |admission| admission.request_timeout)
}

/// Serves a request that has found its route, and answers 503 if that takes too long.
///
/// # Errors
/// Those of the handler; the type is the framework's.
pub(crate) async fn in_time(
    deadline: Instant,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // What reads did nothing; what writes may go on after its caller has left.
    let late = match *request.method() {
        Method::GET | Method::HEAD => Problem::overloaded(),
        _ => Problem::outcome_unknown(),
    };
    let http_request = request.request().clone();
    match timeout_at(deadline, next.call(request)).await {
        Ok(answered) => answered.map(ServiceResponse::map_into_boxed_body),
        Err(_) => Ok(ServiceResponse::new(http_request, late.error_response())),
    }
}

fn admission(request: &HttpRequest) -> Option<&Admission> {
    request.app_data::<web::Data<Admission>>().map(|admission| &***admission)
}

/// Reads a small body that is on its way, so that the client gets to see the answer.
async fn refuse_body(request: &mut ServiceRequest) {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let is_small = length
        .and_then(|length| length.parse().ok())
        .is_some_and(|length: u64| length <= MAX_DISCARDED_BYTES);
    if is_small {
        let payload: Payload = request.take_payload();
        // What has not come by then is given up with the connection.
        let _ = timeout(DISCARD_TIMEOUT, request_body::discard(request.request(), payload)).await;
    }
}
