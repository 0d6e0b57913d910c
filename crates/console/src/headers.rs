//! The headers that keep a page to itself.

use actix_web::http::header::{self, HeaderMap, HeaderValue};

/// Allows only the console's own style, script and pages. Icons and empty images are data URLs.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; form-action 'self'; frame-src 'self'; frame-ancestors 'none'; \
                      base-uri 'none'";

/// Adds the headers of every page, unless the page has set its own.
pub fn protect(headers: &mut HeaderMap) {
    let protections = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // Other sites get no referrer. Without one, browsers would also hide the origin from this server.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in protections {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}
