//! Wraps every request: sets its id, logs it, and writes the body of errors.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use hexdesk_domain::Principal;
use tracing::Instrument;
use uuid::Uuid;

use crate::connections::Serving;
use crate::problem::Problem;
use crate::rate_limits::RateLimitState;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request an id, logs its end, and writes the body of every error response.
///
/// # Errors
/// None. The framework defines the error type.
pub(crate) async fn trace_request(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    #[expect(clippy::disallowed_methods, reason = "a request id is neither stored nor a rule of the domain")]
    let request_id = Uuid::now_v7().to_string();
    let span = tracing::info_span!("request", id = %request_id);
    let answer = answer(request, next, request_id);
    answer.instrument(span).await
}

/// Forbids caches to store a response, and browsers to run or frame it. Keeps headers that a
/// handler has set.
fn protect(headers: &mut HeaderMap) {
    let protections = [
        // Responses hold personal data.
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in protections {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

async fn answer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    request_id: String,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let _serving = Serving::begin(request.request());
    let method = request.method().clone();
    let mut response = next.call(request).await?.map_into_boxed_body();

    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        let problem = response.response_mut().extensions_mut().remove::<Problem>();
        let problem = problem.unwrap_or_else(|| Problem::of_framework(status));
        let (request, _) = response.into_parts();
        response = ServiceResponse::new(request, problem.into_response(&request_id));
    }
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let rate_limit = response.request().extensions().get::<RateLimitState>().copied();
    if let Some(state) = rate_limit {
        state.write(response.headers_mut());
    }
    protect(response.headers_mut());

    // The route's pattern, not the path: a URL may hold personal data.
    let route = response.request().match_pattern();
    let shop = response.request().extensions().get::<Principal>().map(|principal| principal.shop.id.get());
    tracing::info!(
        %method,
        route = route.as_deref().unwrap_or("none"),
        status = response.status().as_u16(),
        shop,
        micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    Ok(response)
}
