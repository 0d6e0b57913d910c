//! Limits the number of requests that the server accepts, their time, and their memory.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, ResponseError, web};
use hexdesk_domain::ShopId;
use hexdesk_domain::limits::MAX_PAGE_BYTES;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::connections;
use crate::problem::Problem;
use crate::request_body::{MAX_BODY_BYTES, content_length};
use crate::response_body::{Held, MAX_SMALL_BYTES};
use crate::shop_shares::{Permits, ShopShares};

/// The time that a request waits for a place if its connection was refused recently.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(1);

/// A refusal is recent for this time.
const RECENTLY: Duration = Duration::from_secs(10);

/// The limits on requests.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    /// The places among the requests in flight.
    places: ShopShares,
    /// The places among the lookups of keys.
    lookups: Arc<Semaphore>,
    /// The bytes of responses and large bodies.
    memory: ShopShares,
    request_timeout: Duration,
    read_timeout: Duration,
}

impl Admission {
    /// Accepts at most `max_requests` at a time, each for `request_timeout`, and a read for
    /// `read_timeout` if that is shorter, with at most `max_memory` bytes for responses. One shop
    /// gets seven eighths of the places, and half of the memory.
    pub(crate) fn new(
        max_requests: usize,
        max_memory: usize,
        request_timeout: Duration,
        read_timeout: Duration,
    ) -> Self {
        Self {
            places: ShopShares::new(max_requests, max_requests - max_requests / 8),
            lookups: Arc::new(Semaphore::new(max_requests.min(Semaphore::MAX_PERMITS))),
            memory: ShopShares::new(max_memory, max_memory / 2),
            request_timeout,
            read_timeout: read_timeout.min(request_timeout),
        }
    }

    /// Returns a place for this request, if one is free. If its connection was refused recently,
    /// the request waits for one: many clients retry at once, and the server would refuse most of
    /// them.
    async fn place(&self, request: &HttpRequest, shop: ShopId) -> Option<Permits> {
        if let Some(place) = self.places.try_acquire(shop, 1) {
            return Some(place);
        }
        connections::last_refusal(request).filter(|ago| *ago < RECENTLY)?;
        timeout(QUEUE_TIMEOUT, self.places.acquire(shop, 1)).await.ok()
    }
}

/// Accepts a request of this shop: takes a place for it, and reserves memory for its body and its
/// response. Without a place, it returns 503 at once, unless the connection was refused recently.
///
/// # Errors
/// 503 without a place, or without memory before the deadline.
pub(crate) async fn admit(
    request: &HttpRequest,
    shop: ShopId,
    is_list: bool,
    deadline: Instant,
) -> Result<Held, Problem> {
    let admission = admission(request)?;
    let Some(place) = admission.place(request, shop).await else {
        connections::remember_refusal(request);
        return Err(Problem::overloaded());
    };
    let memory = match memory(request, is_list) {
        0 => admission.memory.none(shop),
        bytes => timeout_at(deadline, admission.memory.acquire(shop, bytes))
            .await
            .map_err(|_| Problem::overloaded())?,
    };
    Ok(Held::new(place, memory, admission.request_timeout))
}

/// Gives back what the request holds. It no longer counts as in flight.
pub(crate) fn release(request: &HttpRequest) {
    request.extensions_mut().remove::<Held>();
}

/// Accepts a list again that was released.
///
/// # Errors
/// 503 as in [`admit`].
pub(crate) async fn admit_again(request: &HttpRequest, shop: ShopId) -> Result<(), Problem> {
    let held = admit(request, shop, true, deadline(request)).await?;
    request.extensions_mut().insert(held);
    Ok(())
}

/// The deadline of a request that is being served. Its handler may move it.
#[derive(Clone)]
struct Deadline(Rc<Cell<Instant>>);

impl Deadline {
    /// Returns `None` if the future is not ready in time.
    async fn limit<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        loop {
            let deadline = self.0.get();
            match timeout_at(deadline, future.as_mut()).await {
                Ok(output) => return Some(output),
                Err(_) if self.0.get() > deadline => {}
                Err(_) => return None,
            }
        }
    }
}

/// Moves the deadline of this request.
pub(crate) fn extend_deadline(request: &HttpRequest, by: Duration) {
    if let Some(Deadline(deadline)) = request.extensions().get() {
        deadline.set(deadline.get() + by);
    }
}

/// Returns the memory to reserve before the request is read. A write sends its body back.
fn memory(request: &HttpRequest, is_list: bool) -> usize {
    if is_list {
        MAX_PAGE_BYTES
    } else if request.headers().contains_key(header::TRANSFER_ENCODING) {
        MAX_BODY_BYTES
    } else {
        match content_length(request.headers()) {
            Some(length) if length > MAX_SMALL_BYTES as u64 => MAX_BODY_BYTES,
            _ => 0,
        }
    }
}

/// Returns a place for the lookup of a key, which nobody has confirmed yet.
///
/// # Errors
/// 503 if there is none.
pub(crate) fn look_up(request: &HttpRequest) -> Result<OwnedSemaphorePermit, Problem> {
    admission(request)?.lookups.clone().try_acquire_owned().map_err(|_| Problem::overloaded())
}

/// Returns the deadline of a request. Call it right after the head was read.
pub(crate) fn deadline(request: &HttpRequest) -> Instant {
    let timeout = admission(request).map_or(Duration::ZERO, |admission| {
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
    let limit = Deadline(Rc::new(Cell::new(deadline)));
    request.request().extensions_mut().insert(limit.clone());
    let served = limit.limit(next.call(request));
    // A read had no effect. A write may continue after its client has disconnected.
    let (served, late) = if is_read {
        tokio::select! {
            served = served => (served, Problem::too_expensive()),
            () = connections::client_gone(&http_request) => (None, Problem::client_closed_request()),
        }
    } else {
        (served.await, Problem::outcome_unknown())
    };
    let Some(served) = served else {
        return Ok(ServiceResponse::new(http_request, late.error_response()));
    };
    let response = served?.map_into_boxed_body();
    let held = http_request.extensions_mut().remove::<Held>();
    if let Some(mut held) = held {
        let settled = held.settle(response.response().body().size(), http_request.method(), deadline).await;
        if let Err(problem) = settled {
            return Ok(ServiceResponse::new(http_request, problem.error_response()));
        }
        http_request.extensions_mut().insert(held);
    }
    Ok(response)
}

fn admission(request: &HttpRequest) -> Result<&Admission, Problem> {
    let admission = request.app_data::<web::Data<Admission>>();
    admission.map(|admission| &***admission).ok_or_else(Problem::internal)
}
