//! The query parameters of lists, and the head of their answers.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use hexdesk_domain::limits::{DEFAULT_PAGE_ENTRIES, MAX_PAGE_ENTRIES};
use hexdesk_domain::{ShopId, StorageError, Timestamp};

use crate::cursor::{CursorSeal, Place};
use crate::problem::Problem;
use crate::services::storage_problem;

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
    pub(crate) fn parse(
        request: &HttpRequest,
        known: impl IntoIterator<Item = &'static str>,
    ) -> Result<Self, Problem> {
        let known: Vec<&str> = known.into_iter().collect();
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
        let mut filter: Vec<&(String, String)> =
            self.0.iter().filter(|(name, _)| !PAGE_PARAMETERS.contains(&name.as_str())).collect();
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

    /// `cursor`, sealed by this.
    ///
    /// # Errors
    /// 400 for a cursor of another list, and anything that is none.
    pub(crate) fn cursor<P: Place>(&mut self, seal: &CursorSeal) -> Result<Option<P>, Problem> {
        let requirement = "must be the next_cursor of a page of this same list";
        self.read("cursor", requirement, |cursor| seal.open(cursor))
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

/// The parameters of every list that is always paged, beside those of its filter.
pub(crate) const PAGE_PARAMETERS: [&str; 3] = ["limit", "cursor", "include"];

/// Which page of a list is asked for.
#[derive(Debug)]
pub(crate) struct PageRequest<P> {
    /// How many entries it may have.
    pub(crate) limit: u32,
    /// The place after which it begins; the list's beginning if there is none.
    pub(crate) after: Option<P>,
    /// Whether the length of the whole list is asked for.
    with_total: bool,
    seal: CursorSeal,
}

impl<P: Place> PageRequest<P> {
    /// Reads the parameters that tell the page of this list of the shop. The others must
    /// still be there: a cursor is bound to them.
    ///
    /// # Errors
    /// 400 for a limit or cursor that is none, and for another `include` than `total`.
    pub(crate) fn read(list: &str, shop: ShopId, parameters: &mut QueryParameters) -> Result<Self, Problem> {
        let seal = CursorSeal::new(list, shop, &parameters.filter());
        let limit = parameters.limit()?.unwrap_or(DEFAULT_LIMIT);
        let with_total =
            parameters.read("include", "must be total", |text| (text == "total").then_some(()))?.is_some();
        let after = parameters.cursor(&seal)?;
        Ok(Self { limit, after, with_total, seal })
    }

    /// The length of the whole list, counted only if it is asked for.
    ///
    /// # Errors
    /// What the store's failure is told as.
    pub(crate) async fn total(
        &self,
        count: impl Future<Output = Result<u64, StorageError>>,
    ) -> Result<Option<u64>, Problem> {
        if self.with_total { count.await.map(Some).map_err(storage_problem) } else { Ok(None) }
    }

    /// The cursor that reads on after this place.
    pub(crate) fn cursor(&self, place: P) -> String {
        self.seal.seal(&place)
    }

    /// The cursor of the page that follows.
    pub(crate) fn next_cursor(&self, next: Option<P>) -> Option<String> {
        next.map(|place| self.cursor(place))
    }
}

/// The head of a page's answer, with a link to the next page if there is one.
pub(crate) fn page_response(request: &HttpRequest, next_cursor: Option<&str>) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = next_cursor {
        let parts = request.query_string().split('&');
        let query: Vec<&str> = parts.filter(|part| !part.is_empty() && !is_cursor(part)).collect();
        let separator = if query.is_empty() { "" } else { "&" };
        let link =
            format!("<{}?{}{separator}cursor={cursor}>; rel=\"next\"", request.path(), query.join("&"));
        response.insert_header((header::LINK, link));
    }
    response
}

/// Whether a part of a query is a cursor, however its name is escaped.
fn is_cursor(part: &str) -> bool {
    let parameters = web::Query::<Vec<(String, String)>>::from_query(part);
    parameters.is_ok_and(|parameters| parameters.iter().any(|(name, _)| name == "cursor"))
}
