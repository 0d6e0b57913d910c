//! The headers of answers, as reusable components.

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::schemas;

/// On every answer.
pub(crate) const REQUEST_ID: &str = "x-request-id";
/// Where what was created is.
pub(crate) const LOCATION: &str = "Location";
/// The version of what was answered.
pub(crate) const ETAG: &str = "ETag";
/// Where the next page is.
pub(crate) const LINK: &str = "Link";
/// Whether the answer may be kept on its way.
pub(crate) const CACHE_CONTROL: &str = "Cache-Control";
/// The answer is that of an earlier request.
pub(crate) const IDEMPOTENCY_REPLAYED: &str = "Idempotency-Replayed";

/// Every header, by its name.
pub(super) fn all() -> Vec<(&'static str, Header)> {
    let header =
        |text: &str, schema| HeaderBuilder::new().description(Some(text)).schema(Some(schema)).build();
    let string = || ObjectBuilder::new().schema_type(Type::String).build().into();
    vec![
        (REQUEST_ID, header("The request's id, under which it stands in the server's log.", string())),
        (LOCATION, header("The path of what was created or found.", string())),
        (ETAG, header("The ticket's version, to send as `If-Match`.", string())),
        (LINK, header("The next page, as `<…>; rel=\"next\"`; absent on the last page.", string())),
        (
            CACHE_CONTROL,
            header("Nobody may keep the answer: it shows a secret.", schemas::one_of(&["no-store"])),
        ),
        (
            IDEMPOTENCY_REPLAYED,
            header(
                "Only there if the answer is that of an earlier request with the same `Idempotency-Key`.",
                schemas::one_of(&["true"]),
            ),
        ),
        ("Allow", header("The methods that the path has.", string())),
        (
            "Retry-After",
            header("Seconds to wait before trying again.", schemas::integer(0, i64::from(u32::MAX))),
        ),
        ("WWW-Authenticate", header("How to authenticate.", string())),
    ]
}
