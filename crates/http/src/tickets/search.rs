use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::limits::MAX_SEARCH_QUERY_CHARS;
use hexdesk_domain::{Principal, SearchQuery};

use super::wire::{TicketViewJson, TicketsAnswer};
use crate::list_query::{self, PageRequest, QueryParameters};
use crate::problem::Problem;
use crate::services::{Started, storage_problem};

/// `GET /api/v1/tickets/search`: the tickets of the key's shop that hold every word of `q`,
/// those that hold them in the more telling places first, a page at a time.
///
/// # Errors
/// 400 for a parameter that is none, 501 from a storage that cannot search.
pub(crate) async fn search(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut parameters = QueryParameters::parse(&request, ["q", "limit", "cursor"])?;
    let shop = &principal.shop;
    let asked = PageRequest::read("search", shop.id, &mut parameters)?;
    let text = parameters.take("q").ok_or_else(|| Problem::invalid_parameter("q is required"))?;
    if text.chars().count() > MAX_SEARCH_QUERY_CHARS {
        let sentence = format!("q must not be longer than {MAX_SEARCH_QUERY_CHARS}");
        return Err(Problem::invalid_parameter(sentence));
    }
    let query =
        SearchQuery::parse(&text).map_err(|error| Problem::invalid_parameter(format!("q {error}")))?;

    let page = services.search.search_tickets(shop.id, query, asked.after, asked.limit).await;
    let page = page.map_err(storage_problem)?.ok_or_else(Problem::search_not_supported)?;
    let next = asked.next_cursor(page.next);
    let answer = TicketsAnswer {
        success: true,
        tickets: page.entries.iter().map(|view| TicketViewJson::new(view, shop.domain.as_str())).collect(),
        next_cursor: next.as_deref(),
        total: None,
    };
    Ok(list_query::page_response(&request, next.as_deref()).json(answer))
}
