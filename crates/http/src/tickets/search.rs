use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::limits::MAX_SEARCH_QUERY_CHARS;
use hexdesk_domain::{Principal, SearchQuery};

#[cfg(test)]
use super::examples;
use super::wire::{TicketViewJson, TicketsAnswer};
use crate::list_query::{self, ListQuery, Pages, QueryParameters};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};

static QUERY: ListQuery<SearchQuery> = ListQuery::new("search", Pages::Plain, query);

/// `GET /api/v1/tickets/search`: the tickets of the key's shop that hold every word of `q`,
/// in order of rank, a page at a time.
///
/// # Errors
/// 400 for an invalid parameter, 501 if the storage cannot search.
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let shop = &principal.shop;
    let (asked, query) = QUERY.read(&request, shop.id)?;
    let search = services.search.as_ref().ok_or_else(Problem::search_not_supported)?;
    let page = search.search_tickets(shop.id, query, asked.after, asked.size).await;
    let page = page.map_err(storage_problem)?;
    let next = asked.next_cursor(page.next);
    let body = TicketsAnswer {
        success: true,
        tickets: page.entries.iter().map(|view| TicketViewJson::new(view, shop.domain.as_str())).collect(),
        next_cursor: next.as_deref(),
        total: None,
    };
    Ok(list_query::page_response(&request, next.as_deref()).json(body))
}

fn query(query: &mut QueryParameters) -> Result<SearchQuery, Problem> {
    let description = "Words of letters and digits, in at most 1,000 characters. Case, accents and strokes make no \
                       difference. A word directly before a `*` matches every word that begins with it. The first \
                       32 different words count, and of those with a `*` the first 8.";
    let text = query.text("q", description).ok_or_else(|| Problem::invalid_parameter("q is required"))?;
    if text.chars().count() > MAX_SEARCH_QUERY_CHARS {
        let sentence = format!("q must not be longer than {MAX_SEARCH_QUERY_CHARS}");
        return Err(Problem::invalid_parameter(sentence));
    }
    SearchQuery::parse(&text).map_err(|error| Problem::invalid_parameter(format!("q {error}")))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    let mut parameters = QUERY.parameters();
    let q = ParameterBuilder::from(parameters.remove(0))
        .schema(Some(schemas::text(MAX_SEARCH_QUERY_CHARS as u64)))
        .required(Required::True)
        .example(Some(json!("ada refun*")));
    parameters.insert(0, q.build());
    Description::new(
        "searchTickets",
        TICKETS,
        "Search tickets",
        "The tickets that hold every word. Each word may be in the ticket's name, id, `tags`, `contact_reason`, \
         `threadId` or `emailUsed`, in its customer's e-mail address, phone number, names or ids in other systems, \
         in the `lastMessage` that it was created with, or in the text, subject, sender or attachment names of one \
         of its comments. Words in the name weigh more than words of the customer, and these more than all others. \
         Among tickets of the same weight the newest activity (`lastMessageTime`) comes first.",
    )
    .parameters(parameters)
    .returns::<TicketsAnswer<'static>>(
        StatusCode::OK,
        "A page of the tickets found.",
        &[headers::LINK],
        [examples::page()],
    )
    .fails_with([Problem::search_not_supported()])
}
