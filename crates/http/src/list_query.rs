//! The query parameters of lists, and the head of their responses.
//!
//! A parameter is declared once, where the list's function reads it: its name, its
//! description and its kind. If the function gets the query of a request, it reads the parameters.
//! Otherwise it declares them: the names that the query may have, and in tests their schemas.

use std::sync::OnceLock;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use hexdesk_domain::limits::{DEFAULT_PAGE_ENTRIES, MAX_PAGE_ENTRIES};
use hexdesk_domain::{PageSize, ShopId, StorageError, Timestamp};
#[cfg(test)]
use utoipa::openapi::path::Parameter;
#[cfg(test)]
use utoipa::openapi::schema::Schema;

use crate::cursor::{CursorSeal, Place};
use crate::json_members::kinds::Time;
#[cfg(test)]
use crate::openapi::{parameters, schemas};
use crate::problem::Problem;
use crate::services::storage_problem;
use crate::wire_id;

/// Returns the size of a page with this `limit`.
pub(crate) fn page_size(limit: Option<u32>) -> PageSize {
    PageSize::of(limit.unwrap_or(DEFAULT_PAGE_ENTRIES))
}

/// The query of a list, from which `T` is read.
pub(crate) struct ListQuery<T> {
    list: &'static str,
    pages: Pages,
    read: fn(&mut QueryParameters) -> Result<T, Problem>,
    names: OnceLock<Vec<&'static str>>,
}

/// The parameters with which a query asks for a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pages {
    /// Parameters of its own.
    Own,
    /// `limit` and `cursor`.
    Plain,
    /// `limit`, `cursor` and `include`.
    WithTotal,
}

impl<T> ListQuery<T> {
    /// Returns the query of the list with this name. Cursors are bound to the name. `read` must read
    /// each of the list's own parameters, regardless of the values of the others.
    pub(crate) const fn new(
        list: &'static str,
        pages: Pages,
        read: fn(&mut QueryParameters) -> Result<T, Problem>,
    ) -> Self {
        Self { list, pages, read, names: OnceLock::new() }
    }

    /// Reads the parameters of the request.
    ///
    /// # Errors
    /// 400 for an unknown or repeated parameter.
    pub(crate) fn parse(&self, request: &HttpRequest) -> Result<QueryParameters, Problem> {
        QueryParameters::parse(request, self.names.get_or_init(|| self.declared().names))
    }

    /// Reads the requested page and the list's own parameters.
    ///
    /// # Errors
    /// 400 for an unknown, repeated or invalid parameter.
    pub(crate) fn read<P: Place>(
        &self,
        request: &HttpRequest,
        shop: ShopId,
    ) -> Result<(PageRequest<P>, T), Problem> {
        let mut parameters = self.parse(request)?;
        let page = PageRequest::read(self.list, shop, self.pages, &mut parameters)?;
        Ok((page, (self.read)(&mut parameters)?))
    }

    fn declared(&self) -> Declared {
        let mut parameters = QueryParameters { sent: Vec::new(), declared: Some(Declared::default()) };
        // If a list has a required parameter, it is missing here.
        let _ = (self.read)(&mut parameters);
        let _ = PageParameters::read(self.pages, &mut parameters);
        parameters.declared.unwrap_or_default()
    }

    /// Returns its parameters, for the description.
    #[cfg(test)]
    pub(crate) fn parameters(&self) -> Vec<Parameter> {
        self.declared().parameters
    }
}

/// The kind of a parameter.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A point in time.
    Time,
    /// A whole number between these, both included.
    Number(i64, i64),
    /// An id up to this one.
    Id(i64),
    /// An id up to this one, or `none`.
    IdOrNone(i64),
    /// `total`.
    Total,
}

impl Kind {
    /// Returns the requirement on a parameter, to follow its name.
    fn requirement(self) -> String {
        match self {
            Self::Text => String::new(),
            Self::Flag => "must be true or false".to_owned(),
            Self::Time => Time::REQUIREMENT.to_owned(),
            Self::Number(min, max) => format!("must be a whole number from {min} to {max}"),
            Self::Id(max) => wire_id::requirement(max),
            Self::IdOrNone(max) => format!("{}, or none", wire_id::requirement(max)),
            Self::Total => "must be total".to_owned(),
        }
    }

    #[cfg(test)]
    fn schema(self) -> Schema {
        match self {
            Self::Text => schemas::any_text(),
            Self::Flag => schemas::boolean(),
            Self::Time => schemas::timestamp(),
            Self::Number(min, max) => schemas::integer(min, max),
            Self::Id(max) => schemas::digits(max),
            Self::IdOrNone(max) => schemas::either(schemas::digits(max), schemas::one_of(&["none"])),
            Self::Total => schemas::one_of(&["total"]),
        }
    }
}

/// The parameters that a list's function declared.
#[derive(Default)]
struct Declared {
    names: Vec<&'static str>,
    #[cfg(test)]
    parameters: Vec<Parameter>,
}

/// The parameters of a request. Each is known and present once.
pub(crate) struct QueryParameters {
    sent: Vec<(String, String)>,
    /// Set if there is no request, only a list to declare.
    declared: Option<Declared>,
}

impl QueryParameters {
    /// Reads the request's query. It may hold these parameters only.
    ///
    /// # Errors
    /// 400 for an unknown or repeated parameter.
    pub(crate) fn parse(request: &HttpRequest, known: &[&'static str]) -> Result<Self, Problem> {
        let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
        let Ok(web::Query(sent)) = query else {
            return Err(Problem::invalid_parameter("The query cannot be read"));
        };
        if sent.iter().any(|(name, _)| !known.contains(&name.as_str())) {
            return Err(Problem::invalid_parameter(format!(
                "The query parameters here are {}",
                known.join(", ")
            )));
        }
        // No stored text holds U+0000, and PostgreSQL refuses it in a parameter.
        if sent.iter().any(|(_, value)| value.contains('\0')) {
            return Err(Problem::invalid_parameter("Query parameters must not hold the character U+0000"));
        }
        for known in known {
            if sent.iter().filter(|(name, _)| name == known).count() > 1 {
                return Err(Problem::invalid_parameter(format!("{known} must not be there twice")));
            }
        }
        Ok(Self { sent, declared: None })
    }

    /// Returns the parameters that narrow the list, as one text. Cursors are bound to this text.
    pub(crate) fn filter(&self) -> String {
        let mut filter: Vec<&(String, String)> =
            self.sent.iter().filter(|(name, _)| !PAGE_PARAMETERS.contains(&name.as_str())).collect();
        filter.sort();
        format!("{filter:?}")
    }

    /// Returns a parameter of this kind, as sent.
    #[cfg_attr(not(test), expect(unused_variables, reason = "the description is for tests"))]
    fn take(&mut self, name: &'static str, description: &str, kind: Kind) -> Option<String> {
        if let Some(declared) = &mut self.declared {
            declared.names.push(name);
            #[cfg(test)]
            declared.parameters.push(parameters::in_query(name, description, kind.schema()));
        }
        let position = self.sent.iter().position(|(known, _)| known == name)?;
        Some(self.sent.swap_remove(position).1)
    }

    /// Reads a parameter of this kind with `parse`.
    ///
    /// # Errors
    /// 400 with the kind's requirement if it cannot be read.
    pub(crate) fn read<T>(
        &mut self,
        name: &'static str,
        description: &str,
        kind: Kind,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.take(name, description, kind) else { return Ok(None) };
        let problem = || Problem::invalid_parameter(format!("{name} {}", kind.requirement()));
        parse(&text).map(Some).ok_or_else(problem)
    }

    /// Reads any text.
    pub(crate) fn text(&mut self, name: &'static str, description: &str) -> Option<String> {
        self.take(name, description, Kind::Text)
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    /// 400 for anything else.
    pub(crate) fn flag(&mut self, name: &'static str, description: &str) -> Result<Option<bool>, Problem> {
        self.read(name, description, Kind::Flag, |text| text.parse().ok())
    }

    /// Reads a point in time.
    ///
    /// # Errors
    /// 400 for anything else.
    pub(crate) fn time(
        &mut self,
        name: &'static str,
        description: &str,
    ) -> Result<Option<Timestamp>, Problem> {
        self.read(name, description, Kind::Time, |text| Timestamp::parse(text).ok())
    }

    /// Reads a whole number between these, both included.
    ///
    /// # Errors
    /// 400 for anything else.
    pub(crate) fn number(
        &mut self,
        name: &'static str,
        description: &str,
        (min, max): (i64, i64),
    ) -> Result<Option<i64>, Problem> {
        self.read(name, description, Kind::Number(min, max), |text| {
            wire_id::parse(text).filter(|number| (min..=max).contains(number))
        })
    }

    /// Reads an id up to `max`.
    ///
    /// # Errors
    /// 400 for anything else.
    pub(crate) fn id<T>(
        &mut self,
        name: &'static str,
        description: &str,
        max: i64,
        new: impl FnOnce(i64) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        self.read(name, description, Kind::Id(max), |text| wire_id::parse(text).and_then(new))
    }

    /// Reads `limit`.
    ///
    /// # Errors
    /// 400 outside 1 to 100.
    pub(crate) fn limit(&mut self, description: &str) -> Result<Option<u32>, Problem> {
        let limit = self.number("limit", description, (1, i64::from(MAX_PAGE_ENTRIES)))?;
        Ok(limit.and_then(|limit| u32::try_from(limit).ok()))
    }

    /// Reads `cursor`, still sealed.
    pub(crate) fn cursor(&mut self) -> Option<String> {
        let description = "Where the page begins: `next_cursor` of the page before, sent with the same other \
                           parameters. A cursor is valid for its list, shop and filters only.";
        self.text("cursor", description)
    }
}

/// Opens a cursor.
///
/// # Errors
/// 400 for a cursor of another list, and for any other text.
pub(crate) fn open<P: Place>(seal: &CursorSeal, cursor: Option<String>) -> Result<Option<P>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    let problem = || Problem::invalid_parameter("cursor must be the next_cursor of a page of this same list");
    seal.open(&cursor).map(Some).ok_or_else(problem)
}

/// The parameters of pages. They do not narrow a list.
pub(crate) const PAGE_PARAMETERS: [&str; 3] = ["limit", "cursor", "include"];

struct PageParameters {
    limit: Option<u32>,
    cursor: Option<String>,
    with_total: bool,
}

impl PageParameters {
    fn read(pages: Pages, parameters: &mut QueryParameters) -> Result<Self, Problem> {
        const LIMIT: &str = "How many entries the page may have. The default is 50. A page whose texts reach 4 MiB ends earlier.";
        const { assert!(DEFAULT_PAGE_ENTRIES == 50) };
        const TOTAL: &str = "`total` adds the number of entries of all pages.";
        let is_total = |text: &str| (text == "total").then_some(());
        if pages == Pages::Own {
            return Ok(Self { limit: None, cursor: None, with_total: false });
        }
        Ok(Self {
            limit: parameters.limit(LIMIT)?,
            cursor: parameters.cursor(),
            with_total: pages == Pages::WithTotal
                && parameters.read("include", TOTAL, Kind::Total, is_total)?.is_some(),
        })
    }
}

/// The requested page of a list.
#[derive(Debug)]
pub(crate) struct PageRequest<P> {
    /// Its size.
    pub(crate) size: PageSize,
    /// The place after which it begins. `None` is the beginning of the list.
    pub(crate) after: Option<P>,
    /// Whether the response has the length of the whole list.
    with_total: bool,
    seal: CursorSeal,
}

impl<P: Place> PageRequest<P> {
    /// Reads the parameters of the page. The parameters of the filter must still be in
    /// `parameters`, because the cursor is bound to them.
    ///
    /// # Errors
    /// 400 for an invalid limit or cursor, and for an `include` other than `total`.
    pub(crate) fn read(
        list: &str,
        shop: ShopId,
        pages: Pages,
        parameters: &mut QueryParameters,
    ) -> Result<Self, Problem> {
        let seal = CursorSeal::new(list, shop, &parameters.filter());
        let PageParameters { limit, cursor, with_total } = PageParameters::read(pages, parameters)?;
        let after = open(&seal, cursor)?;
        Ok(Self { size: page_size(limit), after, with_total, seal })
    }

    /// Returns the length of the whole list, if the request asks for it.
    ///
    /// # Errors
    /// The errors of the store.
    pub(crate) async fn total(
        &self,
        count: impl Future<Output = Result<u64, StorageError>>,
    ) -> Result<Option<u64>, Problem> {
        if self.with_total { count.await.map(Some).map_err(storage_problem) } else { Ok(None) }
    }

    /// Returns the cursor of the page that begins after this place.
    pub(crate) fn cursor(&self, place: P) -> String {
        self.seal.seal(&place)
    }

    /// Returns the cursor of the next page.
    pub(crate) fn next_cursor(&self, next: Option<P>) -> Option<String> {
        next.map(|place| self.cursor(place))
    }
}

/// Returns the head of a page's response, with a link to the next page if there is one.
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

/// Whether a part of a query is the cursor. Its name may be escaped.
fn is_cursor(part: &str) -> bool {
    let parameters = web::Query::<Vec<(String, String)>>::from_query(part);
    parameters.is_ok_and(|parameters| parameters.iter().any(|(name, _)| name == "cursor"))
}
