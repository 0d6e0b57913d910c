//! `ETag` and `If-Match`: the version of a ticket or webhook that a client has read.

use actix_web::HttpRequest;
use actix_web::http::header;
use hexdesk_domain::{ShopId, StorageError, TicketId, TicketStore};

use crate::problem::Problem;
use crate::services::storage_problem;

/// Returns the strong entity tag of a version.
pub(crate) fn of_version(version: i64) -> String {
    format!("\"{version}\"")
}

/// The condition of a request's `If-Match`, by RFC 9110.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// Any version matches.
    Any,
    /// One of these versions matches. A tag of no version is 0, because no version is 0.
    OneOf(Vec<i64>),
}

impl IfMatch {
    /// Reads the header. A weak tag matches as a strong one: proxies that compress a response weaken
    /// its tag.
    ///
    /// # Errors
    /// 400 for a header that is not `*` or a list of entity tags.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let bad = || Problem::invalid_parameter("If-Match must be the ETag of an answer, or *");
        let values: Vec<&[u8]> =
            request.headers().get_all(header::IF_MATCH).map(|value| value.as_bytes().trim_ascii()).collect();
        if values.is_empty() || values == [b"*"] {
            return Ok(Self::Any);
        }
        let mut versions = Vec::new();
        for value in values {
            versions.extend(versions_in(value).ok_or_else(bad)?);
        }
        if versions.is_empty() { Err(bad()) } else { Ok(Self::OneOf(versions)) }
    }

    /// Returns the version that the ticket must have, or `None` if any version matches. Of several
    /// versions it is the ticket's, so that the write itself compares it.
    ///
    /// # Errors
    /// The errors of the store.
    pub(crate) async fn expected_version(
        &self,
        tickets: &dyn TicketStore,
        shop: ShopId,
        ticket: TicketId,
    ) -> Result<Option<i64>, Problem> {
        let current = async || {
            let found = tickets.find_ticket(shop, ticket).await?;
            Ok(found.map(|view| view.ticket.version))
        };
        self.expected_version_of(current).await
    }

    /// The same for a resource whose version `current` reads.
    ///
    /// # Errors
    /// The errors of the store.
    pub(crate) async fn expected_version_of(
        &self,
        current: impl AsyncFnOnce() -> Result<Option<i64>, StorageError>,
    ) -> Result<Option<i64>, Problem> {
        match self {
            Self::Any => Ok(None),
            Self::OneOf(versions) if versions.len() == 1 => Ok(versions.first().copied()),
            Self::OneOf(versions) => {
                let current = current().await.map_err(storage_problem)?;
                Ok(Some(current.filter(|version| versions.contains(version)).unwrap_or(0)))
            }
        }
    }
}

/// Returns the versions of a list of entity tags, or `None` if it is not such a list. Elements may be
/// empty.
fn versions_in(mut list: &[u8]) -> Option<Vec<i64>> {
    let mut versions = Vec::new();
    loop {
        list = list.trim_ascii_start();
        if let Some(tag) = list.strip_prefix(b"W/\"").or_else(|| list.strip_prefix(b"\"")) {
            let end = tag.iter().position(|byte| *byte == b'"')?;
            let (opaque, rest) = tag.split_at_checked(end)?;
            if opaque.iter().any(|byte| *byte <= b' ' || *byte == 0x7f) {
                return None;
            }
            let text = std::str::from_utf8(opaque).unwrap_or_default();
            let version = text.parse().ok().filter(|version: &i64| version.to_string() == text);
            versions.push(version.unwrap_or(0));
            list = rest.get(1..)?.trim_ascii_start();
        }
        match list.split_first() {
            None => return Some(versions),
            Some((b',', rest)) => list = rest,
            Some(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(tags: &[&str]) -> Option<IfMatch> {
        let mut request = TestRequest::default();
        for tag in tags {
            request = request.append_header((header::IF_MATCH, *tag));
        }
        IfMatch::of(&request.to_http_request()).ok()
    }

    #[test]
    fn a_tag_asks_for_its_version() {
        let one_of = |versions: &[i64]| Some(IfMatch::OneOf(versions.to_vec()));
        assert_eq!(read(&[]), Some(IfMatch::Any));
        assert_eq!(read(&["*"]), Some(IfMatch::Any));
        for tag in [&*of_version(7), "W/\"7\"", " \"7\" ", "\"7\",", ", \"7\""] {
            assert_eq!(read(&[tag]), one_of(&[7]), "{tag}");
        }
        for other in
            ["\"abc\"", "\"\"", "\"+7\"", "\"07\"", "\"99999999999999999999\"", "\"é\"", "\"7-gzip\""]
        {
            assert_eq!(read(&[other]), one_of(&[0]), "{other}");
        }
    }

    #[test]
    fn a_list_asks_for_each_of_its_versions() {
        let versions = Some(IfMatch::OneOf(vec![1, 2, 0, 3]));
        assert_eq!(read(&["\"1\", W/\"2\",\"a,b\" ,, \"3\""]), versions);
        assert_eq!(read(&["\"1\"", "W/\"2\", \"a\"", "\"3\""]), versions);
        for bad in [
            "",
            ",",
            "7",
            "\"7",
            "7\"",
            "w/\"7\"",
            "W/7",
            "\"1\" \"2\"",
            "\"1\"2",
            "\"1 \"",
            "*, \"1\"",
            "**",
        ] {
            assert_eq!(read(&[bad]), None, "{bad}");
        }
        assert_eq!(read(&["*", "\"1\""]), None);
    }
}
