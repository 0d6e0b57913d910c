//! The query parameters of lists, and the head of their answers.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use hexdesk_domain::Timestamp;
use hexdesk_domain::limits::{DEFAULT_PAGE_ENTRIES, MAX_PAGE_ENTRIES};

use crate::problem::Problem;

/// Entries of a page for which no number was asked.
pub(crate) const DEFAULT_LIMIT: u32 = DEFAULT_PAGE_ENTRIES;

/// The parameters of a request, each known and there once.
#[derive(Debug)]
pub(crate) struct QueryParameters(Vec<(String, String)>);

impl QueryParameters {
    /// Reads the request's query, in which these names may stand.
    ///
    /// # Errors
    /// 400 for a name that is not known or stands there twice.
    pub(crate) fn parse(request: &HttpRequest, known: &[&str]) -> Result<Self, Problem> {
        let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
        let Ok(web::Query(parameters)) = query else {
            return Err(Problem::invalid_parameter("The query cannot be read"));
        };
        if parameters.iter().any(|(name, _)| !known.contains(&name.as_str())) {
            return Err(Problem::invalid_parameter(if known.is_empty() {
                "There are no query parameters here".to_owned()
            } else {
                format!("The query parameters here are {}", known.join(", "))
            }));
        }
        // No store can hold it, and PostgreSQL does not take it.
        if parameters.iter().any(|(_, value)| value.contains('\0')) {
            return Err(Problem::invalid_parameter("Query parameters must not hold the character U+0000"));
        }
        for known in known {
            if parameters.iter().filter(|(name, _)| name == known).count() > 1 {
                return Err(Problem::invalid_parameter(format!("{known} must not be there twice")));
            }
        }
        Ok(Self(parameters))
    }

    /// The parameters that narrow the list, as one text: what a cursor is bound to.
    pub(crate) fn filter(&self) -> String {
        let mut filter: Vec<&(String, String)> = self
            .0
            .iter()
            .filter(|(name, _)| !["limit", "cursor", "include"].contains(&name.as_str()))
            .collect();
        filter.sort();
        format!("{filter:?}")
    }

    /// Takes a parameter out.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let position = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(position).1)
    }

    /// Takes a parameter out and reads it.
    ///
    /// # Errors
    /// 400 with the requirement if it cannot be read.
    pub(crate) fn read<T>(
        &mut self,
        name: &str,
        requirement: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.take(name) else { return Ok(None) };
        match read(&text) {
            Some(value) => Ok(Some(value)),
            None => Err(Problem::invalid_parameter(format!("{name} {requirement}"))),
        }
    }

    /// `limit`, how many entries a page may have.
    ///
    /// # Errors
    /// 400 outside 1 to 100.
    pub(crate) fn limit(&mut self) -> Result<Option<u32>, Problem> {
        self.number("limit", 1, i64::from(MAX_PAGE_ENTRIES))
            .map(|limit| limit.and_then(|limit| u32::try_from(limit).ok()))
    }

    /// A whole number between these, both included.
    ///
    /// # Errors
    /// 400 for anything else.
    pub(crate) fn number(&mut self, name: &str, min: i64, max: i64) -> Result<Option<i64>, Problem> {
        let requirement = format!("must be a whole number from {min} to {max}");
        self.read(name, &requirement, |text| {
            crate::wire_id::parse(text).filter(|number| (min..=max).contains(number))
        })
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// 400 for anything else.
    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, Problem> {
        self.read(name, "must be true or false", |text| text.parse().ok())
    }

    /// A point in time.
    ///
    /// # Errors
    /// 400 for anything else.
    pub(crate) fn timestamp(&mut self, name: &str) -> Result<Option<Timestamp>, Problem> {
        self.read(
            name,
            "must be an ISO 8601 date-time with an offset, or a date, of the years 0001 to 9999",
            |text| Timestamp::parse(text).ok(),
        )
    }
}

/// 400: a cursor that is none of this list.
pub(crate) fn bad_cursor() -> Problem {
    Problem::invalid_parameter("cursor must be the next_cursor of a page of this same list")
}

/// The head of a page's answer, with a link to the next page if there is one.
pub(crate) fn page_response(request: &HttpRequest, next_cursor: Option<&str>) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = next_cursor {
        let kept =
            request.query_string().split('&').filter(|part| !part.is_empty() && !part.starts_with("cursor="));
        let query: Vec<&str> = kept.collect();
        let separator = if query.is_empty() { "" } else { "&" };
        let link =
            format!("<{}?{}{separator}cursor={cursor}>; rel=\"next\"", request.path(), query.join("&"));
        response.insert_header((header::LINK, link));
    }
    response
}
