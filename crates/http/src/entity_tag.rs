//! `ETag` and `If-Match`: the version of a ticket that a client has read.

use actix_web::HttpRequest;
use actix_web::http::header;

use crate::problem::Problem;

/// Returns the strong entity tag of a version.
pub(crate) fn of_version(version: i64) -> String {
    format!("\"{version}\"")
}

/// Returns the version in the request's `If-Match`, or `None` if any version matches.
///
/// # Errors
/// 400 for a header that is not `*` or one entity tag.
pub(crate) fn expected_version(request: &HttpRequest) -> Result<Option<i64>, Problem> {
    let bad = || Problem::invalid_parameter("If-Match must be the ETag of an answer, or *");
    let mut values = request.headers().get_all(header::IF_MATCH);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(bad());
    }
    let tag = value.to_str().map_err(|_| bad())?.trim();
    if tag == "*" {
        return Ok(None);
    }
    // A weak or unknown tag becomes 0. It never matches, because no version is 0.
    let opaque = tag.strip_prefix("W/").map(|_| "0").or_else(|| tag.strip_prefix('"')?.strip_suffix('"'));
    let opaque = opaque.filter(|opaque| !opaque.contains('"')).ok_or_else(bad)?;
    Ok(Some(opaque.parse().ok().filter(|version| of_version(*version) == tag).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn expected(tags: &[&str]) -> Result<Option<i64>, Problem> {
        let mut request = TestRequest::default();
        for tag in tags {
            request = request.append_header((header::IF_MATCH, *tag));
        }
        expected_version(&request.to_http_request())
    }

    #[test]
    fn a_tag_asks_for_its_version() {
        assert_eq!(expected(&[]), Ok(None));
        assert_eq!(expected(&["*"]), Ok(None));
        assert_eq!(expected(&[&of_version(7)]), Ok(Some(7)));
        for other in ["W/\"7\"", "\"abc\"", "\"\"", "\"+7\"", "\"07\"", "\"99999999999999999999\""] {
            assert_eq!(expected(&[other]), Ok(Some(0)), "{other}");
        }
        for bad in ["", "7", "\"7", "\"1\", \"2\""] {
            assert!(expected(&[bad]).is_err(), "{bad}");
        }
        assert!(expected(&["\"1\"", "\"2\""]).is_err());
    }
}
