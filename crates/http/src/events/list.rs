use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::Principal;

use super::wire::{EventJson, EventsAnswer};
use crate::list_query::{self, PageRequest, QueryParameters};
use crate::problem::Problem;
use crate::services::{Started, storage_problem};

/// `GET /api/v1/events`: what was changed in the key's shop, oldest first, a page at a time.
///
/// # Errors
/// 400 for a parameter that is none.
pub(crate) async fn list(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut parameters = QueryParameters::parse(&request, ["limit", "cursor"])?;
    let shop = &principal.shop;
    let asked = PageRequest::read("events", shop.id, &mut parameters)?;
    let page = services.events.list_events(shop.id, asked.after, asked.limit).await;
    let page = page.map_err(storage_problem)?;
    let next = asked.next_cursor(page.next);
    let events = page.entries.iter().map(|event| {
        let cursor = asked.cursor(event.position);
        EventJson::new(event, cursor, shop.domain.as_str())
    });
    let answer = EventsAnswer { success: true, events: events.collect(), next_cursor: next.as_deref() };
    Ok(list_query::page_response(&request, next.as_deref()).json(answer))
}
