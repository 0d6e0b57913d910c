//! Wraps every request: sets its id, logs it, and writes the body of errors.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse};
use hexdesk_adapters::{KeyId, PresentedKey};
use hexdesk_domain::{Actor, Principal, RequestId, UserId};
use tracing::field::Empty;
use tracing::{Instrument, Span};
use uuid::Uuid;

use crate::connections::Serving;
use crate::preferences;
use crate::problem::Problem;
use crate::rate_limits::RateLimitState;
use crate::response_body::{Held, ResponseBody};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request an id, logs its end, and writes the body of every error response.
///
/// # Errors
/// None. The framework defines the error type.
pub(crate) async fn trace_request(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<ResponseBody>, Error> {
    #[expect(clippy::disallowed_methods, reason = "a request id is not a rule of the domain")]
    let request_id = RequestId::from_bytes(Uuid::now_v7().into_bytes());
    // Of the highest level, so that the lines of every level have the fields.
    let span = tracing::error_span!(
        "request",
        id = %request_id,
        shop = Empty,
        key = Empty,
        user = Empty,
        claimed_key = Empty
    );
    request.extensions_mut().insert(request_id);
    let answer = answer(request, next, request_id.to_string());
    answer.instrument(span).await
}

/// Names the principal on the later lines of the request.
pub(crate) fn log_principal(principal: &Principal) {
    let Principal { shop, actor, .. } = principal;
    let key = match actor {
        Actor::ApiKey { number, .. } => Some(KeyId { shop: shop.id, number: *number }),
        Actor::User { .. } | Actor::Operator | Actor::Server => None,
    };
    let span = Span::current();
    tracing::record_all!(
        span,
        shop = shop.domain.as_str(),
        key = key.map(tracing::field::display),
        user = actor.user_id().map(UserId::get)
    );
}

/// Names the key that a refused request claims to hold. Only its numbers are safe to log.
pub(crate) fn log_claimed_key(text: &str) {
    if let Ok(key) = PresentedKey::parse(text) {
        Span::current().record("claimed_key", tracing::field::display(key.id()));
    }
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
) -> Result<ServiceResponse<ResponseBody>, Error> {
    let started = Instant::now();
    let serving = Serving::begin(request.request());
    let method = request.method().clone();
    let mut response = if is_expected(request.headers()) {
        next.call(request).await?.map_into_boxed_body()
    } else {
        request.error_response(Problem::expectation_failed())
    };

    let status = response.status();
    if (status.is_client_error() || status.is_server_error()) && !is_page(response.response()) {
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
    if let Some((name, value)) = preferences::applied(response.request()) {
        response.headers_mut().insert(name, value);
    }
    protect(response.headers_mut());

    // The route's pattern, not the path: a URL may hold personal data.
    let route = response.request().match_pattern();
    tracing::info!(
        method = %known(&method),
        route = route.as_deref().unwrap_or("none"),
        status = response.status().as_u16(),
        micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    let held = response.request().extensions_mut().remove::<Held>();
    Ok(response.map_body(|_, body| ResponseBody::new(body, &method, held, serving)))
}

/// Whether an error response is a page of the console, with a body of its own.
fn is_page(response: &HttpResponse) -> bool {
    #[cfg(feature = "console")]
    return crate::console::is_page(response);
    #[cfg(not(feature = "console"))]
    {
        let _ = response;
        false
    }
}

/// Whether the request expects nothing of the server but what the framework does.
fn is_expected(headers: &HeaderMap) -> bool {
    let mut expectations = headers.get_all(header::EXPECT);
    expectations.all(|value| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"100-continue"))
}

/// Returns the name of a known method. Others are any text of the client.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS
        | Method::CONNECT
        | Method::TRACE => method.as_str(),
        _ => "other",
    }
}
