use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::limits::MAX_RECENT_DAYS;
use hexdesk_domain::{Principal, TicketFilter, TicketPosition};

#[cfg(test)]
use super::examples;
use super::list::page;
#[cfg(test)]
use super::wire::TicketsAnswer;
use crate::list_query::{ListQuery, Pages, QueryParameters};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::Started;

const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1_000;

static QUERY: ListQuery<i64> = ListQuery::new("recent", Pages::WithTotal, days);

/// `GET /api/v1/tickets/getRecentConversations`: the tickets of the key's shop with a last
/// message from the last `days` days, newest first, a page at a time.
///
/// # Errors
/// 400 for an invalid parameter.
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let now = services.clock.now();
    let (asked, days) = QUERY.read::<TicketPosition>(&request, principal.shop.id)?;
    let last_message_from = Some(now.saturating_add_millis(-days * MILLIS_A_DAY));
    let filter = TicketFilter { last_message_from, ..TicketFilter::default() };
    page(&services, &principal, &request, asked, filter).await
}

fn days(query: &mut QueryParameters) -> Result<i64, Problem> {
    let description = "The last message is at most this many days old. The default is 7.";
    Ok(query.number("days", description, (1, MAX_RECENT_DAYS))?.unwrap_or(7))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "listRecentConversations",
        TICKETS,
        "List recent conversations",
        "The tickets whose last message is of the last days, newest first, a page at a time. Unknown and repeated \
         parameters are errors.",
    )
    .parameters(QUERY.parameters())
    .returns::<TicketsAnswer<'static>>(
        StatusCode::OK,
        "A page of tickets.",
        &[headers::LINK],
        [examples::page()],
    )
}
