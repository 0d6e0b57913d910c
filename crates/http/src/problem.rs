//! The body of every error: the published `{"error": "<sentence>"}` and the members of RFC 9457.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use hexdesk_domain::{CustomerId, Excess};
#[cfg(feature = "webhooks")]
use hexdesk_domain::{DeliveryRange, MIN_EVENT_DAYS_WITH_WEBHOOKS, Webhook};
use serde::Serialize;
#[cfg(test)]
use utoipa::ToSchema;

use crate::json_values::Id;

/// Seconds that a client should wait before a retry.
const RETRY_AFTER_SECONDS: u32 = 1;

/// Seconds that a client should wait before it opens another stream.
const RETRY_STREAM_AFTER_SECONDS: u32 = 5;

/// The reason why a request failed. It holds only member names of the request, no values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem(Box<Content>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    sentence: String,
    member_errors: Vec<MemberError>,
    header: Option<(HeaderName, HeaderValue)>,
    customer_id: Option<CustomerId>,
    cursor: Option<String>,
}

/// An invalid member of the request body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ToSchema))]
pub(crate) struct MemberError {
    /// JSON pointer (RFC 6901) into the request body; empty for the body as a whole.
    pub(crate) pointer: String,
    /// The rule that it breaks, for programs: `required`, `blank`, `type`, `id`, `timestamp`, `range`, `email`,
    /// `language_tag`, `scope`, `future`, `itself`, `url`, `target`, `event_kind`, `payload`, `cursor`, `together`, `too_long`, `nul`, `duplicate` or `json`.
    pub(crate) code: &'static str,
    /// The same, for people.
    pub(crate) message: String,
}

/// The body of every error: `error` for people, `code` for programs, and the members of
/// RFC 9457.
#[derive(Serialize)]
#[cfg_attr(test, derive(ToSchema), schema(as = Problem))]
pub(crate) struct ProblemBody<'a> {
    /// The error, in one sentence.
    error: &'a str,
    /// `urn:hexdesk:problem:` and the code.
    #[cfg_attr(test, schema(format = "uri"))]
    r#type: String,
    /// The kind of the problem.
    title: &'a str,
    /// Returns the response's status.
    #[cfg_attr(test, schema(minimum = 400, maximum = 599))]
    status: u16,
    /// The same as `error`.
    detail: &'a str,
    /// The problem, for programs. Later versions may add codes.
    code: &'a str,
    /// The same as the header `x-request-id`.
    request_id: &'a str,
    /// Every error of the request's body, in the order of its members; empty for other problems.
    errors: &'a [MemberError],
    /// Only with the code `customer_merged`: the customer into whom this one was merged.
    #[cfg_attr(test, schema(nullable = false))]
    #[serde(rename = "customerId", skip_serializing_if = "Option::is_none")]
    customer_id: Option<Id>,
    /// Only with the code `events_removed`: the oldest cursor from which no event is missed.
    #[cfg_attr(test, schema(nullable = false))]
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, title: &'static str, sentence: impl Into<String>) -> Self {
        let sentence = sentence.into();
        let (member_errors, header, customer_id, cursor) = Default::default();
        Self(Box::new(Content { status, code, title, sentence, member_errors, header, customer_id, cursor }))
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    fn retry_later(self) -> Self {
        self.with_header(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS))
    }

    /// 400: at least one member of the body is invalid.
    pub(crate) fn invalid_members(member_errors: Vec<MemberError>) -> Self {
        let sentence = member_errors.first().map(|first| first.message.clone()).unwrap_or_default();
        let mut problem =
            Self::new(StatusCode::BAD_REQUEST, "invalid_body", "Invalid request body", sentence);
        problem.0.member_errors = member_errors;
        problem
    }

    /// 400: the body as a whole cannot be read.
    pub(crate) fn unreadable_body(message: &str) -> Self {
        let error = MemberError { pointer: String::new(), code: "json", message: message.to_owned() };
        Self::invalid_members(vec![error])
    }

    /// 400: the JSON of the body is invalid in this member.
    pub(crate) fn unreadable_member(pointer: String, message: String) -> Self {
        Self::invalid_members(vec![MemberError { pointer, code: "json", message }])
    }

    /// 400: a header, a query parameter or an id in the path is invalid.
    pub(crate) fn invalid_parameter(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_parameter", "Invalid parameter", sentence)
    }

    fn unauthorized(code: &'static str, sentence: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, "Unauthorized", sentence)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"hexdesk\""))
    }

    /// 401: no key.
    pub(crate) fn missing_api_key() -> Self {
        Self::unauthorized("missing_api_key", "Missing API key")
    }

    /// 401: an unknown, revoked or expired key. The response does not say which.
    pub(crate) fn invalid_api_key() -> Self {
        Self::unauthorized("invalid_api_key", "Unauthorized - Invalid API key")
    }

    /// 403: the key lacks what the route needs: a scope, or two with `and` between them.
    pub(crate) fn missing_scope(scope: &str) -> Self {
        let sentence = format!("The API key lacks the scope {scope}");
        Self::new(StatusCode::FORBIDDEN, "missing_scope", "Forbidden", sentence)
    }

    /// 403: the key to `make` or to `revoke` holds more than the calling key.
    pub(crate) fn exceeds_own_key(verb: &str, excess: Excess) -> Self {
        let sentence = format!("The API key cannot {verb} one that holds more: {excess}");
        Self::new(StatusCode::FORBIDDEN, "exceeds_own_key", "Forbidden", sentence)
    }

    fn not_found(code: &'static str, sentence: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, "Not found", sentence)
    }

    /// 404: the key's shop was closed.
    pub(crate) fn shop_not_found() -> Self {
        Self::not_found("shop_not_found", "Shop not found")
    }

    /// 404: the shop has no such customer.
    pub(crate) fn customer_not_found() -> Self {
        Self::not_found("customer_not_found", "Customer not found")
    }

    /// 404: the shop has no such user.
    pub(crate) fn user_not_found() -> Self {
        Self::not_found("user_not_found", "User not found")
    }

    /// 404: no ticket can be assigned to the user.
    pub(crate) fn user_deactivated() -> Self {
        Self::not_found("user_deactivated", "The user is deactivated")
    }

    /// 404: the shop has no such API key.
    pub(crate) fn api_key_not_found() -> Self {
        Self::not_found("api_key_not_found", "API key not found")
    }

    /// 404: the customer was merged into this one.
    pub(crate) fn customer_merged(into: CustomerId) -> Self {
        let mut problem = Self::not_found("customer_merged", "Customer not found");
        problem.0.customer_id = Some(into);
        problem
    }

    /// 404: the shop has no such ticket.
    pub(crate) fn ticket_not_found() -> Self {
        Self::not_found("ticket_not_found", "Ticket not found")
    }

    /// 404: the ticket has no such comment.
    pub(crate) fn comment_not_found() -> Self {
        Self::not_found("comment_not_found", "Comment not found")
    }

    /// 404: the shop has no such webhook.
    #[cfg(feature = "webhooks")]
    pub(crate) fn webhook_not_found() -> Self {
        Self::not_found("webhook_not_found", "Webhook not found")
    }

    /// 404: no route has this path.
    pub(crate) fn route_not_found() -> Self {
        Self::not_found("route_not_found", "Route not found")
    }

    /// 405: the path has other methods.
    pub(crate) fn method_not_allowed(allowed: HeaderValue) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "Method not allowed",
            "The method is not allowed here; the Allow header names those that are",
        )
        .with_header(header::ALLOW, allowed)
    }

    /// 408: the body did not arrive in time.
    pub(crate) fn body_timeout() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "body_timeout",
            "Request timeout",
            "The request body did not arrive in time",
        )
    }

    /// 409: the first request with this idempotency key is still running.
    pub(crate) fn idempotency_key_in_use() -> Self {
        Self::conflict("idempotency_key_in_use", "A request with this Idempotency-Key is still running")
            .retry_later()
    }

    fn conflict(code: &'static str, sentence: &'static str) -> Self {
        Self::new(StatusCode::CONFLICT, code, "Conflict", sentence)
    }

    /// 409: the shop has another user with the e-mail address.
    pub(crate) fn user_exists() -> Self {
        Self::conflict("user_exists", "The shop has a user with this e-mail address already")
    }

    /// 409: the API key is revoked or has expired.
    pub(crate) fn api_key_not_live() -> Self {
        Self::conflict("api_key_not_live", "The API key is revoked or has expired")
    }

    /// 409: another customer of the shop has the value of this member.
    pub(crate) fn customer_exists() -> Self {
        Self::new(StatusCode::CONFLICT, "customer_exists", "Conflict", "Another customer has this email")
    }

    /// 409: the server has no key that seals or opens secrets.
    #[cfg(feature = "webhooks")]
    pub(crate) fn secret_key_missing() -> Self {
        Self::conflict(
            "secret_key_missing",
            "The server has no key for the secrets of webhooks; its operator sets it with --secret-key-file",
        )
    }

    /// 409: the server keeps events for a shorter time than webhooks need.
    #[cfg(feature = "webhooks")]
    pub(crate) fn event_retention_too_short() -> Self {
        let sentence = format!(
            "The server keeps events for less than {MIN_EVENT_DAYS_WITH_WEBHOOKS} days, which webhooks need; its \
             operator sets the days with --keep-events"
        );
        Self::new(StatusCode::CONFLICT, "event_retention_too_short", "Conflict", sentence)
    }

    /// 409: the shop has the most webhooks that it can have.
    #[cfg(feature = "webhooks")]
    pub(crate) fn too_many_webhooks() -> Self {
        let sentence = format!("The shop has {} webhooks, the most a shop can have", Webhook::MAX_OF_SHOP);
        Self::new(StatusCode::CONFLICT, "too_many_webhooks", "Conflict", sentence)
    }

    /// 409: the range to replay has too many events.
    #[cfg(feature = "webhooks")]
    pub(crate) fn replay_too_large() -> Self {
        let sentence = format!("The range has more than {} events; replay a part", DeliveryRange::MAX_EVENTS);
        Self::new(StatusCode::CONFLICT, "replay_too_large", "Conflict", sentence)
    }

    /// 410: the idempotency key was used, and the response was removed with the text of a comment.
    pub(crate) fn response_removed() -> Self {
        Self::new(
            StatusCode::GONE,
            "response_removed",
            "Gone",
            "The request took effect; its response was removed with the text of a comment",
        )
    }

    /// 410: events after the cursor were removed. This cursor is the oldest from which none is missed.
    pub(crate) fn events_removed(oldest: String) -> Self {
        let mut problem = Self::new(
            StatusCode::GONE,
            "events_removed",
            "Gone",
            "Events after this cursor were removed; read on from the cursor of this response",
        );
        problem.0.cursor = Some(oldest);
        problem
    }

    /// 412: the ticket has another version than `If-Match`.
    pub(crate) fn version_mismatch() -> Self {
        Self::changed("The ticket was changed since it was read; read it again")
    }

    /// 412: the webhook has another version than `If-Match`.
    #[cfg(feature = "webhooks")]
    pub(crate) fn webhook_version_mismatch() -> Self {
        Self::changed("The webhook was changed since it was read; read it again")
    }

    fn changed(sentence: &'static str) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "version_mismatch", "Precondition failed", sentence)
    }

    /// 413: the body is larger than `limit` bytes.
    pub(crate) fn body_too_large(limit: usize) -> Self {
        let sentence = format!("The request body must be at most {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "Content too large", sentence)
    }

    /// 415: the body is not JSON, or is compressed.
    pub(crate) fn unsupported_media_type(sentence: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Unsupported media type",
            sentence,
        )
    }

    /// 417: the server does not know what the request expects of it.
    pub(crate) fn expectation_failed() -> Self {
        Self::new(
            StatusCode::EXPECTATION_FAILED,
            "expectation_failed",
            "Expectation failed",
            "The only expectation that the server meets is 100-continue",
        )
    }

    /// 422: the idempotency key was used for another body.
    pub(crate) fn idempotency_key_reused() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "Unprocessable content",
            "This Idempotency-Key was used with another request body",
        )
    }

    /// 429: these clients made too many requests. They may make another in this many seconds.
    pub(crate) fn rate_limited(clients: &str, seconds: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            "Too many requests",
            format!("{clients} made too many requests; try again later"),
        )
        .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// 429: these clients have too many streams open.
    pub(crate) fn too_many_streams(clients: &str) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_streams",
            "Too many requests",
            format!("{clients} has too many streams and waiting requests; close one, or try again later"),
        )
        .with_header(header::RETRY_AFTER, HeaderValue::from(RETRY_STREAM_AFTER_SECONDS))
    }

    /// 500: an error of the server. The cause is in the log, under the request id.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "Internal server error",
            "Internal server error",
        )
    }

    /// 501: the storage of this server cannot search.
    pub(crate) fn search_not_supported() -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            "search_not_supported",
            "Not implemented",
            "The storage of this server cannot search",
        )
    }

    /// 503: the server is overloaded, or its database is unavailable. Nothing was done.
    pub(crate) fn overloaded() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "overloaded",
            "Service unavailable",
            "The service is not available right now and did nothing; try again",
        )
        .retry_later()
    }

    /// 503: a read took too long and was stopped.
    pub(crate) fn too_expensive() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "overloaded",
            "Service unavailable",
            "The read took too long and was stopped: it is too expensive, or too many others wait; ask for less, \
             with a narrower filter, longer words or fewer words",
        )
        .retry_later()
    }

    /// 499: the client closed its connection, or its sending side, during a read. Only the log shows
    /// it, unless the client still receives.
    pub(crate) fn client_closed_request() -> Self {
        let status = StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST);
        let sentence = "The client closed its side of the connection before the response";
        Self::new(status, "client_closed_request", "Client closed request", sentence)
    }

    /// 503: the connection to the database was lost during the commit, or the request took too
    /// long.
    pub(crate) fn outcome_unknown() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "outcome_unknown",
            "Service unavailable",
            "Whether the write took effect is not known: it did so once or not at all; \
             try again with the same Idempotency-Key",
        )
        .retry_later()
    }

    /// 503: the server is not ready to serve.
    pub(crate) fn not_ready() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_ready",
            "Service unavailable",
            "The database cannot be reached, is not migrated, or has no room for writes",
        )
        .retry_later()
    }

    /// Returns the problem of an error response from the framework.
    pub(crate) fn of_framework(status: StatusCode) -> Self {
        if status.is_server_error() {
            return Self::internal();
        }
        let title = status.canonical_reason().unwrap_or("Bad request");
        Self::new(status, "bad_request", title, title)
    }

    /// Returns the whole response, for the request with this id.
    pub(crate) fn into_response(self, request_id: &str) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.0.status);
        if let Some(header) = &self.0.header {
            response.insert_header(header.clone());
        }
        response
            .insert_header((header::CONTENT_TYPE, "application/problem+json"))
            .body(serde_json::to_string(&self.body(request_id)).unwrap_or_default())
    }

    /// Returns the body, for the request with this id.
    pub(crate) fn body<'a>(&'a self, request_id: &'a str) -> ProblemBody<'a> {
        let Content { status, code, title, sentence, member_errors, header: _, customer_id, cursor } =
            &*self.0;
        ProblemBody {
            error: sentence,
            r#type: format!("urn:hexdesk:problem:{code}"),
            title,
            status: status.as_u16(),
            detail: sentence,
            code,
            request_id,
            errors: member_errors,
            customer_id: customer_id.map(|id| Id(id.get())),
            cursor: cursor.as_deref(),
        }
    }

    /// Returns the response's status.
    #[cfg(any(fuzzing, test))]
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Returns the problem in one sentence, for people.
    #[cfg(feature = "console")]
    pub(crate) fn sentence(&self) -> &str {
        &self.0.sentence
    }

    /// Returns the code of the problem, for programs.
    #[cfg(test)]
    pub(crate) fn code(&self) -> &'static str {
        self.0.code
    }

    /// Returns the kind of the problem, for people.
    #[cfg(any(feature = "console", test))]
    pub(crate) fn title(&self) -> &'static str {
        self.0.title
    }

    /// Returns the name of its header, if it has one.
    #[cfg(test)]
    pub(crate) fn header_name(&self) -> Option<&HeaderName> {
        self.0.header.as_ref().map(|(name, _)| name)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0.sentence)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    /// The response's extensions carry the problem to `request_trace`, which knows the request
    /// id and writes the body.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.0.status);
        response.extensions_mut().insert(self.clone());
        response
    }
}
