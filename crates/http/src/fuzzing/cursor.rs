//! Queries of lists, and their cursors.

use std::fmt::Debug;

use actix_web::HttpRequest;
use actix_web::http::{Uri, header};
use actix_web::test::TestRequest;
use hexdesk_domain::{
    CommentPosition, CustomerId, KeyNumber, SearchPosition, ShopId, TicketPosition, UserId,
};

use super::MARK;
use super::samples::SHOP;
use crate::cursor::{CursorSeal, Place};
use crate::list_query::{Kind, Known, PageRequest, Pages, QueryParameters, page_response};
use crate::problem::Problem;

/// The placeholder for a valid cursor in an input's query.
const CURSOR: &str = "CURSOR";

/// Checks one kind of list.
type Check = fn([i64; 3], &str);

/// The first byte of an input, from `'0'`, selects one of these.
const LISTS: [Check; 6] = [
    |numbers, query| check::<TicketPosition>("tickets", numbers, query),
    |numbers, query| check::<SearchPosition>("search", numbers, query),
    |numbers, query| check::<CommentPosition>("comments", numbers, query),
    |numbers, query| check::<CustomerId>("customers", numbers, query),
    |numbers, query| check::<UserId>("users", numbers, query),
    |numbers, query| check::<KeyNumber>("api-keys", numbers, query),
];

/// Reads a query and its cursor. A cursor opens as the position it was made from, and only in
/// its own list. The link to the next page has the cursor. An error repeats no part of the query.
///
/// The input is the list, the three numbers of a position, and the query. `CURSOR` in the query is
/// replaced by a valid cursor.
pub fn cursor(input: &[u8]) {
    let Some((list, rest)) = input.split_first() else { return };
    let Some((numbers, query)) = rest.split_at_checked(24) else { return };
    let (numbers, _) = numbers.as_chunks();
    let numbers = std::array::from_fn(|index| i64::from_be_bytes(numbers[index]));
    let Ok(query) = std::str::from_utf8(query) else { return };
    LISTS[usize::from(list.wrapping_sub(b'0')) % LISTS.len()](numbers, query);
}

fn check<P: Place + Copy + PartialEq + Debug>(list: &str, numbers: [i64; 3], query: &str) {
    let seal = CursorSeal::new(list, SHOP, query);
    // A client that computes the checksum can choose any numbers.
    let forged = seal.seal(&Numbers(numbers));
    for cursor in [query, &forged] {
        if let Some(place) = seal.open::<P>(cursor) {
            assert_eq!(seal.open(&seal.seal(&place)), Some(place));
        }
    }
    let place = P::from_numbers(numbers).unwrap_or_else(|| near(numbers));
    assert_eq!(seal.open(&seal.seal(&place)), Some(place));
    for other in [
        CursorSeal::new("others", SHOP, query),
        CursorSeal::new(list, ShopId::new(2).unwrap(), query),
        CursorSeal::new(list, SHOP, &format!("{query} ")),
    ] {
        assert_eq!(other.open::<P>(&seal.seal(&place)), None);
        assert_eq!(other.open::<P>(&forged), None);
    }
    check_pages(list, place, query);
}

fn check_pages<P: Place + Copy + PartialEq + Debug>(list: &str, place: P, query: &str) {
    // Messages name unknown parameters.
    let parts = query.split('&').filter(|part| part.contains('='));
    let marked: Vec<String> = parts.map(|parameter| format!("{parameter}{MARK}")).collect();
    if let Some(Err(problem)) = request(&marked.join("&")).map(|request| read::<P>(list, &request)) {
        assert_eq!(problem.status().as_u16(), 400);
        assert!(!problem.to_string().contains(MARK), "{problem}");
    }
    let query = match request(query).map(|request| parameters(&request)) {
        Some(Ok(parameters)) => {
            query.replace(CURSOR, &CursorSeal::new(list, SHOP, &parameters.filter()).seal(&place))
        }
        _ => query.to_owned(),
    };
    let Some(request) = request(&query) else { return };
    let Ok((asked, filter)) = read::<P>(list, &request) else { return };
    assert!((1..=100).contains(&asked.size.entries));
    assert!(asked.after.is_none_or(|after| after == place), "{:?} was never sealed", asked.after);

    let cursor = asked.next_cursor(Some(place));
    let answer = page_response(&request, cursor.as_deref()).finish();
    assert_eq!(answer.status().as_u16(), 200, "the link of {query:?} is no header");
    let link = answer.headers().get(header::LINK).unwrap().to_str().expect("a link of other than ASCII");
    let next = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).unwrap();
    assert!(!next.contains(['<', '>', '"', ' ']), "{link}");
    let next = TestRequest::with_uri(next).to_http_request();
    let (following, same_filter) =
        read::<P>(list, &next).unwrap_or_else(|problem| panic!("{link}: {problem}"));
    assert_eq!((following.after, following.size), (Some(place), asked.size), "{link}");
    assert_eq!(same_filter, filter, "{link}");
}

/// Returns the request for a list with this query, or `None` if no request can have the query.
fn request(query: &str) -> Option<HttpRequest> {
    let uri = format!("/list?{query}");
    Uri::try_from(&uri).ok()?;
    Some(TestRequest::with_uri(&uri).to_http_request())
}

fn parameters(request: &HttpRequest) -> Result<QueryParameters, Problem> {
    let text = |name| Known { name, kind: Kind::Text };
    let time = Known { name: "dateFrom", kind: Kind::Time };
    let known = [text("tag"), text("q"), time, text("limit"), text("cursor"), text("include")];
    QueryParameters::parse(request, &known)
}

/// Returns the requested page and the filter.
fn read<P: Place>(list: &str, request: &HttpRequest) -> Result<(PageRequest<P>, String), Problem> {
    let mut parameters = parameters(request)?;
    let filter = parameters.filter();
    let asked = PageRequest::read(list, SHOP, Pages::WithTotal, &mut parameters)?;
    parameters.time("dateFrom", "")?;
    Ok((asked, filter))
}

/// A position with any numbers.
struct Numbers([i64; 3]);

impl Place for Numbers {
    fn numbers(&self) -> [i64; 3] {
        self.0
    }

    fn from_numbers(numbers: [i64; 3]) -> Option<Self> {
        Some(Self(numbers))
    }
}

/// Returns a valid position near these numbers.
fn near<P: Place>(numbers: [i64; 3]) -> P {
    let [first, second, third] = numbers.map(|number| number & ((1 << 47) - 1) | 1);
    P::from_numbers([first, second, third >> 16]).unwrap()
}
