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
use crate::{similar_names, wire_id};

/// Returns the size of a page with this `limit`.
pub(crate) fn page_size(limit: Option<u32>) -> PageSize {
    PageSize::of(limit.unwrap_or(DEFAULT_PAGE_ENTRIES))
}

/// The query of a list, from which `T` is read.
pub(crate) struct ListQuery<T> {
    list: &'static str,
    pages: Pages,
    read: fn(&mut QueryParameters) -> Result<T, Problem>,
    known: OnceLock<Vec<Known>>,
}

/// The parameters with which a query asks for a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pages {
    /// Parameters of its own.
    Own,
    /// `limit` and `cursor`.
    Plain,
    /// `limit` and `cursor`, which is a place in the list with any other parameters.
    Unbound,
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
        Self { list, pages, read, known: OnceLock::new() }
    }

    /// Reads the parameters of the request.
    ///
    /// # Errors
    /// 400 for an unknown or repeated parameter.
    pub(crate) fn parse(&self, request: &HttpRequest) -> Result<QueryParameters, Problem> {
        QueryParameters::parse(request, self.known.get_or_init(|| self.declared().known))
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
    /// An e-mail address or a phone number.
    Address,
    /// `true` or `false`.
    Flag,
    /// A point in time.
    Time,
    /// A whole number between these, both included.
    Number(i64, i64),
    /// An id up to this one.
    Id(i64),
    /// Texts, each in a parameter of its own.
    RepeatedText,
    /// Texts separated by commas, or in parameters of their own.
    Texts,
    /// Ids up to this one, or `none`, separated by commas, or in parameters of their own.
    IdsOrNone(i64),
    /// Kinds of events, separated by commas, or in parameters of their own.
    EventKinds,
    /// The subject of an event.
    EventSubject,
    /// `total`.
    Total,
}

impl Kind {
    /// Whether `+` in the query stands for itself. In other kinds it is a blank, as in HTML forms.
    fn keeps_plus(self) -> bool {
        matches!(self, Self::Address | Self::Time)
    }

    /// Whether the parameter may occur several times.
    fn may_repeat(self) -> bool {
        matches!(self, Self::RepeatedText | Self::Texts | Self::IdsOrNone(_) | Self::EventKinds)
    }

    /// Returns the requirement on a parameter, to follow its name.
    fn requirement(self) -> String {
        match self {
            Self::Text | Self::Address => String::new(),
            Self::RepeatedText | Self::Texts => format!("must not have more than {MAX_VALUES} values"),
            Self::Flag => "must be true or false".to_owned(),
            Self::Time => Time::REQUIREMENT.to_owned(),
            Self::Number(min, max) => format!("must be a whole number from {min} to {max}"),
            Self::Id(max) => wire_id::requirement(max),
            Self::IdsOrNone(max) => format!("{}, or none", wire_id::requirement(max)),
            Self::EventKinds => "must be kinds of events, such as ticket.created".to_owned(),
            Self::EventSubject => {
                "must be a resource, such as ticket:385641613176606720, customer:123, user:45 or key:7"
                    .to_owned()
            }
            Self::Total => "must be total".to_owned(),
        }
    }

    #[cfg(test)]
    fn schema(self) -> Schema {
        match self {
            Self::Text | Self::Address => schemas::any_text(),
            Self::Flag => schemas::boolean(),
            Self::Time => schemas::timestamp(),
            Self::Number(min, max) => schemas::integer(min, max),
            Self::Id(max) => schemas::digits(max),
            Self::RepeatedText | Self::Texts => schemas::texts(MAX_VALUES as u64, schemas::any_text()),
            Self::IdsOrNone(max) => {
                let entry = schemas::either(schemas::digits(max), schemas::one_of(&["none"]));
                schemas::texts(MAX_VALUES as u64, entry)
            }
            Self::EventKinds => {
                let kinds: Vec<_> = hexdesk_domain::EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
                schemas::texts(MAX_VALUES as u64, schemas::one_of(&kinds))
            }
            Self::EventSubject => schemas::event_subject(),
            Self::Total => schemas::one_of(&["total"]),
        }
    }
}

/// A parameter that a list knows.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// The parameters that a list's function declared.
#[derive(Default)]
struct Declared {
    known: Vec<Known>,
    #[cfg(test)]
    parameters: Vec<Parameter>,
}

/// The parameters of a request. Each is known and present once.
#[derive(Default)]
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
    pub(crate) fn parse(request: &HttpRequest, known: &[Known]) -> Result<Self, Problem> {
        let kind_of = |name: &str| known.iter().find(|known| known.name == name).map(|known| known.kind);
        let mut sent = Vec::new();
        for part in request.query_string().split('&') {
            let Some((name, value)) = decoded(part) else { continue };
            let Some(kind) = kind_of(&name) else { return Err(unknown(&name, known)) };
            let plus = kind.keeps_plus().then(|| decoded(&part.replace('+', "%2B"))).flatten();
            sent.push(plus.unwrap_or((name, value)));
        }
        // No stored text holds U+0000, and PostgreSQL refuses it in a parameter.
        if sent.iter().any(|(_, value)| value.contains('\0')) {
            return Err(Problem::invalid_parameter("Query parameters must not hold the character U+0000"));
        }
        for Known { name, .. } in known.iter().filter(|known| !known.kind.may_repeat()) {
            if sent.iter().filter(|(other, _)| other == name).count() > 1 {
                return Err(Problem::invalid_parameter(format!("{name} must not be there twice")));
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
            declared.known.push(Known { name, kind });
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
        parse(&text).map(Some).ok_or_else(|| refused(name, kind))
    }

    /// Reads any text.
    pub(crate) fn text(&mut self, name: &'static str, description: &str) -> Option<String> {
        self.take(name, description, Kind::Text)
    }

    /// Reads every value of a parameter that may be repeated.
    ///
    /// # Errors
    /// 400 for too many.
    pub(crate) fn all(&mut self, name: &'static str, description: &str) -> Result<Vec<String>, Problem> {
        let mut values = Vec::new();
        while let Some(value) = self.take(name, description, Kind::RepeatedText) {
            values.push(value);
        }
        if values.len() > MAX_VALUES { Err(refused(name, Kind::RepeatedText)) } else { Ok(values) }
    }

    /// Reads the values of a parameter, which commas separate, with `parse`.
    ///
    /// # Errors
    /// 400 with the kind's requirement if one cannot be read, and for too many.
    pub(crate) fn any_of<T>(
        &mut self,
        name: &'static str,
        description: &str,
        kind: Kind,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, Problem> {
        let mut values = Vec::new();
        while let Some(text) = self.take(name, description, kind) {
            if values.len() + text.split(',').count() > MAX_VALUES {
                return Err(refused(name, Kind::Texts));
            }
            for part in text.split(',') {
                values.push(parse(part).ok_or_else(|| refused(name, kind))?);
            }
        }
        Ok(values)
    }

    /// Reads texts separated by commas. The whole text is an alternative, too, because a value may hold
    /// a comma.
    ///
    /// # Errors
    /// 400 for too many.
    pub(crate) fn alternatives(
        &mut self,
        name: &'static str,
        description: &str,
    ) -> Result<Vec<String>, Problem> {
        let mut texts = self.any_of(name, description, Kind::Texts, |part| Some(part.to_owned()))?;
        if texts.len() > 1 {
            texts.push(texts.join(","));
        }
        Ok(texts)
    }

    /// Reads an e-mail address or a phone number, as any text. `+` stands for itself.
    pub(crate) fn address(&mut self, name: &'static str, description: &str) -> Option<String> {
        self.take(name, description, Kind::Address)
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
    pub(crate) fn cursor(&mut self, pages: Pages) -> Option<String> {
        let description = match pages {
            Pages::Unbound => {
                "Where the page begins: `next_cursor` of a page before, or the `cursor` of an entry, with any other \
                 parameters. A cursor is valid for its list and shop only."
            }
            Pages::Own | Pages::Plain | Pages::WithTotal => {
                "Where the page begins: `next_cursor` of the page before, sent with the same other parameters. A \
                 cursor is valid for its list, shop and filters only."
            }
        };
        self.text("cursor", description)
    }
}

/// The most values of one condition.
const MAX_VALUES: usize = 100;

/// 400: the parameter does not meet the requirement of its kind.
fn refused(name: &str, kind: Kind) -> Problem {
    Problem::invalid_parameter(format!("{name} {}", kind.requirement()))
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

/// How long a list waits for its first entry.
pub(crate) const WAIT: &str = "wait";

/// The parameters of pages. They do not narrow a list.
pub(crate) const PAGE_PARAMETERS: [&str; 4] = ["limit", "cursor", "include", WAIT];

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
            cursor: parameters.cursor(pages),
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
        let filter = match pages {
            Pages::Unbound => QueryParameters::default().filter(),
            Pages::Own | Pages::Plain | Pages::WithTotal => parameters.filter(),
        };
        let seal = CursorSeal::new(list, shop, &filter);
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
    decoded(part).is_some_and(|(name, _)| name == "cursor")
}

/// Returns the name and the value of a part of a query, or `None` if the part is empty.
fn decoded(part: &str) -> Option<(String, String)> {
    web::Query::<Vec<(String, String)>>::from_query(part).ok()?.into_inner().pop()
}

/// 400: the query has an unknown parameter. Names it, and the most similar known one.
fn unknown(name: &str, known: &[Known]) -> Problem {
    let suggestion = similar_names::suggestion(name, known.iter().map(|known| known.name));
    let names: Vec<&str> = known.iter().map(|known| known.name).collect();
    Problem::invalid_parameter(format!(
        "The query parameter {} is unknown{suggestion}. The query parameters here are {}",
        similar_names::shown(name, "of the request"),
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    /// A text, an address and a time.
    type Values = (Option<String>, Option<String>, Option<Timestamp>);

    static QUERY: ListQuery<Values> = ListQuery::new("tests", Pages::Plain, |query| {
        Ok((query.text("q", ""), query.address("email", ""), query.time("dateFrom", "")?))
    });

    fn read(query: &str) -> Result<Values, Problem> {
        let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
        (QUERY.read)(&mut QUERY.parse(&request)?)
    }

    #[test]
    fn a_plus_is_a_blank_or_itself() {
        let text = |text: &str| Some(text.to_owned());
        for (query, email) in [
            ("email=a+b@example.com", "a+b@example.com"),
            ("e%6Dail=a%2Bb%40example.com", "a+b@example.com"),
            ("email=%22a%20b%22@example.com", "\"a b\"@example.com"),
            ("email=+33+6%2012", "+33+6 12"),
            ("email=a=b+c", "a=b+c"),
        ] {
            assert_eq!(read(query), Ok((None, text(email), None)), "{query}");
        }
        assert_eq!(read("q=a+b%2Bc&&"), Ok((text("a b+c"), None, None)));
        let time = Timestamp::parse("2026-01-01T00:00:00+01:00").ok();
        for query in ["dateFrom=2026-01-01T00:00:00+01:00", "dateFrom=2026-01-01T00%3A00%3A00%2B01:00"] {
            assert_eq!(read(query), Ok((None, None, time)), "{query}");
        }
        assert!(read("dateFrom=2026-01-01T00:00:00%2001:00").is_err());
    }

    #[test]
    fn an_unknown_parameter_is_named_with_the_nearest() {
        let known = "The query parameters here are q, email, dateFrom, limit, cursor";
        for (query, name) in [
            ("emial=1", "\"emial\" is unknown; the nearest is email."),
            ("q=1&date_from=1", "\"date_from\" is unknown; the nearest is dateFrom."),
            ("Limit=1", "\"Limit\" is unknown; the nearest is limit."),
            // Could be markup, or a secret.
            ("%0A+%22=1", "of the request is unknown."),
            ("=1", "of the request is unknown."),
            ("hd_1-1_W7qRm4LlswjW-aCS0oJPcG0mr4E8LtLPq9LX5tq5uAQ", "of the request is unknown."),
        ] {
            let problem = read(query).unwrap_err();
            assert_eq!(problem.to_string(), format!("The query parameter {name} {known}"));
        }
        let long = read(&"x".repeat(1_000)).unwrap_err().to_string();
        assert!(long.len() < 200, "{long}");
    }
}
