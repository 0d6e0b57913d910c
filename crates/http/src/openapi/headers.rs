//! The headers of responses, as reusable components.

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::schemas;

/// In every response.
pub(crate) const REQUEST_ID: &str = "x-request-id";
/// The path of the created resource.
pub(crate) const LOCATION: &str = "Location";
/// The version of the ticket or webhook in the response.
pub(crate) const ETAG: &str = "ETag";
/// The path of the next page.
pub(crate) const LINK: &str = "Link";
/// Marks the response of an earlier request.
pub(crate) const IDEMPOTENCY_REPLAYED: &str = "Idempotency-Replayed";

/// Returns every header, by its name.
pub(crate) fn all() -> Vec<(&'static str, Header)> {
    let header =
        |text: &str, schema| HeaderBuilder::new().description(Some(text)).schema(Some(schema)).build();
    let string = || ObjectBuilder::new().schema_type(Type::String).build().into();
    vec![
        (REQUEST_ID, header("The id of the request in the server's log.", string())),
        (LOCATION, header("The path of the created resource.", string())),
        (ETAG, header("The version of the ticket or webhook, to send as `If-Match`.", string())),
        (LINK, header("The next page, as `<…>; rel=\"next\"`; absent on the last page.", string())),
        (
            IDEMPOTENCY_REPLAYED,
            header(
                "Present if the response is that of an earlier request with the same `Idempotency-Key`.",
                schemas::one_of(&["true"]),
            ),
        ),
        ("Allow", header("The methods of the path.", string())),
        ("Retry-After", header("Seconds to wait before a retry.", schemas::integer(0, i64::from(u32::MAX)))),
        ("WWW-Authenticate", header("How to authenticate.", string())),
    ]
}
