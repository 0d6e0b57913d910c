//! Which requests are taken on, and how long they may take.

use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, web};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::problem::Problem;
use crate::request_body;

/// The largest body that is still read of a request that is not taken on. Connections with
/// larger ones are closed, and their clients may not see the answer.
const MAX_DISCARDED_BYTES: u64 = 64 * 1024;

/// How long that may take.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

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

    /// How long a body may take to arrive: half of what the request may take.
    fn body_timeout(&self) -> Duration {
        MAX_BODY_TIMEOUT.min(self.request_timeout / 2)
    }
}

/// How long the body of this request may take to arrive.
pub(crate) fn body_timeout(request: &HttpRequest) -> Duration {
    request.app_data::<web::Data<Admission>>().map_or(MAX_BODY_TIMEOUT, |admission| admission.body_timeout())
}

/// Takes the request on if there is room, and answers 503 at once if there is none; what
/// takes too long is answered 503 as well. Whether the server lives and is ready can always
/// be asked.
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
    let Ok(_in_flight) = Arc::clone(&admission.in_flight).try_acquire_owned() else {
        refuse_body(&mut request).await;
        return Ok(request.error_response(Problem::overloaded()));
    };
    // What reads does nothing; what writes may go on after its caller has left.
    let late = match *request.method() {
        Method::GET | Method::HEAD => Problem::overloaded(),
        _ => Problem::outcome_unknown(),
    };
    let http_request = request.request().clone();
    match timeout(admission.request_timeout, next.call(request)).await {
        Ok(answered) => answered.map(ServiceResponse::map_into_boxed_body),
        Err(_) => Ok(ServiceResponse::from_err(late, http_request).map_into_boxed_body()),
    }
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
        let _ = timeout(DISCARD_TIMEOUT, request_body::discard(payload)).await;
    }
}
