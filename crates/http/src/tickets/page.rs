use actix_web::{HttpRequest, HttpResponse};
use hexdesk_domain::{Principal, TicketFilter, TicketPosition};

use super::wire::{TicketViewJson, TicketsAnswer};
use crate::list_query::{self, PageRequest};
use crate::problem::Problem;
use crate::services::{Services, storage_problem};

/// The response with one page of the tickets that match.
///
/// # Errors
/// Those of the store.
pub(super) async fn page(
    services: &Services,
    principal: &Principal,
    request: &HttpRequest,
    asked: PageRequest<TicketPosition>,
    filter: TicketFilter,
) -> Result<HttpResponse, Problem> {
    let shop = &principal.shop;
    let total = asked.total(services.tickets.count_tickets(shop.id, filter.clone())).await?;
    let page = services.tickets.list_tickets(shop.id, filter, asked.after, asked.limit).await;
    let page = page.map_err(storage_problem)?;
    let next = asked.next_cursor(page.next);
    let answer = TicketsAnswer {
        success: true,
        tickets: page.entries.iter().map(|view| TicketViewJson::new(view, shop.domain.as_str())).collect(),
        next_cursor: next.as_deref(),
        total,
    };
    Ok(list_query::page_response(request, next.as_deref()).json(answer))
}
