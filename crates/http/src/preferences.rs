//! The header `Prefer` (RFC 7240): whether a client wants unknown members of its body refused.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Marks a request whose body was read strictly.
struct ReadStrictly;

/// Returns whether the request prefers strict handling, and remembers that this was applied.
pub(crate) fn apply_strict_handling(request: &HttpRequest) -> bool {
    let is_strict = handling(request.headers()).is_some_and(|value| value.eq_ignore_ascii_case("strict"));
    if is_strict {
        request.extensions_mut().insert(ReadStrictly);
    }
    is_strict
}

/// Returns the header that tells the client that its body was read strictly.
pub(crate) fn applied(request: &HttpRequest) -> Option<(HeaderName, HeaderValue)> {
    let is_strict = request.extensions().contains::<ReadStrictly>();
    is_strict.then(|| (PREFERENCE_APPLIED, HeaderValue::from_static("handling=strict")))
}

/// Returns the value of the preference `handling`. The first one counts.
fn handling(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(PREFER).filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("handling").then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_first_handling_counts() {
        for (expected, values) in [
            (false, vec![]),
            (false, vec!["strict"]),
            (false, vec!["handling=lenient"]),
            (false, vec!["handling=lenient, handling=strict"]),
            (false, vec!["wait=10; handling=strict"]),
            (true, vec!["handling=strict"]),
            (true, vec!["Handling = \"strict\""]),
            (true, vec!["respond-async, wait=100, handling=strict; a=b"]),
            (true, vec!["return=minimal", "handling=strict"]),
        ] {
            let mut request = TestRequest::default();
            for value in &values {
                request = request.append_header((PREFER, *value));
            }
            let request = request.to_http_request();
            assert_eq!(apply_strict_handling(&request), expected, "{values:?}");
            assert_eq!(applied(&request).is_some(), expected, "{values:?}");
        }
    }
}
