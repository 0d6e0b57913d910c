//! The API key of a request, and the scope that its route needs.

use std::pin::pin;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest};
use futures_util::FutureExt;
use hexdesk_domain::ports::AuthenticationError;
use hexdesk_domain::{Principal, RequestId, Scope};
use tokio::time::timeout_at;

use crate::admission;
use crate::problem::Problem;
use crate::request_body;
use crate::request_trace::{log_claimed_key, log_principal};
use crate::services::{Services, Started};

/// Serves the request only if its key holds these scopes. The handler finds the [`Principal`] in
/// the request's extensions. `is_list` is whether the response is a list.
pub(crate) async fn authorize(
    scopes: &'static [Scope],
    is_list: bool,
    services: Option<Started>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let deadline = admission::deadline(request.request());
    let admitted = async {
        let services = services.ok_or_else(Problem::overloaded)?;
        // Nothing was done yet: a timeout is safe to retry.
        let principal = timeout_at(deadline, admitted(scopes, &services, &request)).await;
        let principal = principal.unwrap_or_else(|_| Err(Problem::overloaded()))?;
        let held = admission::admit(request.request(), principal.shop.id, is_list, deadline).await?;
        Ok::<_, Problem>((principal, held))
    }
    .await;
    match admitted {
        Ok((mut principal, held)) => {
            {
                let mut extensions = request.extensions_mut();
                principal.request_id = extensions.get::<RequestId>().copied();
                extensions.insert(principal);
                extensions.insert(held);
            }
            admission::in_time(deadline, request, next).await
        }
        Err(problem) => {
            let payload = request.take_payload();
            request_body::discard(request.request(), payload).await;
            Ok(request.error_response(problem))
        }
    }
}

/// Returns the principal of the request, if its key holds these scopes.
async fn admitted(
    scopes: &[Scope],
    services: &Services,
    request: &ServiceRequest,
) -> Result<Principal, Problem> {
    let principal = principal(services, request.request()).await?;
    log_principal(&principal);
    if let Some(rate_limits) = &services.rate_limits {
        let (state, counted) = rate_limits.count(&principal);
        // Every response from here on reports the limit, including refusals.
        request.extensions_mut().insert(state);
        counted?;
    }
    let held = &principal.scopes;
    let missing: Vec<&str> =
        scopes.iter().filter(|scope| !held.contains(scope)).map(|scope| scope.as_str()).collect();
    if missing.is_empty() { Ok(principal) } else { Err(Problem::missing_scope(&missing.join(" and "))) }
}

async fn principal(services: &Services, request: &HttpRequest) -> Result<Principal, Problem> {
    let key = presented_key(request.headers()).ok_or_else(Problem::missing_api_key)?;
    // A key that is not text is also invalid.
    let key = std::str::from_utf8(key).map_err(|_| Problem::invalid_api_key())?;
    let mut authenticating = pin!(services.authenticator.authenticate(key));
    let authenticated = match authenticating.as_mut().now_or_never() {
        Some(authenticated) => authenticated,
        // The key is not in the cache. Everybody can send such keys.
        None => {
            let _lookup = admission::look_up(request)?;
            authenticating.await
        }
    };
    authenticated.map_err(|error| {
        log_claimed_key(key);
        match error {
            AuthenticationError::InvalidKey => Problem::invalid_api_key(),
            AuthenticationError::ShopClosed => Problem::shop_not_found(),
            AuthenticationError::Storage(error) => crate::services::storage_problem(error),
        }
    })
}

/// Returns the key from `x-api-key`, otherwise from `Authorization: Bearer`. An empty key counts as
/// absent.
fn presented_key(headers: &HeaderMap) -> Option<&[u8]> {
    let api_key = headers.get("x-api-key").map(|value| value.as_bytes().trim_ascii());
    api_key.filter(|key| !key.is_empty()).or_else(|| {
        let authorization = headers.get(header::AUTHORIZATION)?.as_bytes().trim_ascii();
        let (scheme, key) = authorization.split_at_checked("Bearer ".len())?;
        let key = key.trim_ascii();
        (scheme.eq_ignore_ascii_case(b"Bearer ") && !key.is_empty()).then_some(key)
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn key(headers: &[(&'static str, &'static str)]) -> Option<String> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        presented_key(&headers).map(|key| String::from_utf8_lossy(key).into_owned())
    }

    #[test]
    fn x_api_key_is_read_first_and_bearer_if_it_is_absent() {
        assert_eq!(key(&[]), None);
        assert_eq!(key(&[("x-api-key", "a")]).as_deref(), Some("a"));
        assert_eq!(key(&[("authorization", "Bearer b")]).as_deref(), Some("b"));
        assert_eq!(key(&[("authorization", "bearer  b")]).as_deref(), Some("b"));
        assert_eq!(key(&[("authorization", "Bearer b"), ("x-api-key", "a")]).as_deref(), Some("a"));
        assert_eq!(key(&[("authorization", "Bearer b"), ("x-api-key", "")]).as_deref(), Some("b"));
        for other in ["Basic YTpi", "Bearer", "Bearer ", "", "Bearerb"] {
            assert_eq!(key(&[("authorization", other)]), None, "{other}");
        }
    }
}
