//! Forms from other sites.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderName};

use crate::Failure;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a request that changes something, unless a page of this server has sent it. Browsers say so
/// with `Sec-Fetch-Site`. Old ones send an `Origin` only.
///
/// # Errors
/// 403 for a request from elsewhere.
pub fn check_same_site(request: &HttpRequest) -> Result<(), Failure> {
    let header = |name| request.headers().get(name).map(|value: &header::HeaderValue| value.as_bytes());
    let is_same = match header(SEC_FETCH_SITE) {
        Some(site) => site == b"same-origin",
        None => match (header(header::ORIGIN), header(header::HOST)) {
            (Some(origin), Some(host)) => {
                let named = origin.strip_prefix(b"https://").or_else(|| origin.strip_prefix(b"http://"));
                named.is_some_and(|named| named.eq_ignore_ascii_case(host))
            }
            _ => false,
        },
    };
    if is_same { Ok(()) } else { Err(Failure::other_site()) }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_pages_of_this_server_change_something() {
        let host = ("host", "desk.example:8080");
        for (headers, is_accepted) in [
            (&[host, ("sec-fetch-site", "same-origin")][..], true),
            (&[host, ("sec-fetch-site", "same-origin"), ("origin", "null")], true),
            (&[host, ("sec-fetch-site", "same-site"), ("origin", "http://desk.example:8080")], false),
            (&[host, ("sec-fetch-site", "cross-site")], false),
            (&[host, ("sec-fetch-site", "none")], false),
            (&[host, ("origin", "http://desk.example:8080")], true),
            (&[host, ("origin", "https://DESK.example:8080")], true),
            (&[host, ("origin", "http://desk.example")], false),
            (&[host, ("origin", "http://other.example")], false),
            (&[host, ("origin", "null")], false),
            (&[host], false),
            (&[("origin", "http://desk.example")], false),
        ] {
            let request =
                headers.iter().fold(TestRequest::post(), |request, header| request.insert_header(*header));
            assert_eq!(check_same_site(&request.to_http_request()).is_ok(), is_accepted, "{headers:?}");
        }
    }
}
