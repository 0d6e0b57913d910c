use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::{AssigneeFilter, CustomerId, Principal, Scope, TicketFilter, TicketPosition, UserId};

#[cfg(test)]
use super::examples;
use super::wire::{TicketViewJson, TicketsAnswer};
use crate::list_query::{self, Kind, ListQuery, PageRequest, Pages, QueryParameters};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Services, Started, storage_problem};
use crate::wire_id;

static QUERY: ListQuery<TicketFilter> = ListQuery::new("tickets", Pages::WithTotal, filter);

/// `GET /api/v1/tickets`: the tickets of the key's shop, newest activity first, a page at
/// a time.
///
/// # Errors
/// 400 for an invalid parameter, 403 for a thread of any customer if the key may not read customers.
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (asked, filter) = QUERY.read::<TicketPosition>(&request, principal.shop.id)?;
    // Such a list may hold any customer's tickets, whoever the client asks about.
    if filter.thread_id.is_some()
        && filter.customer_id.is_none()
        && !principal.scopes.contains(&Scope::CustomersRead)
    {
        return Err(Problem::missing_scope(Scope::CustomersRead.as_str()));
    }
    page(&services, &principal, &request, asked, filter).await
}

fn filter(query: &mut QueryParameters) -> Result<TicketFilter, Problem> {
    let customer_id = query.id("customerId", "The id of its customer.", CustomerId::MAX, CustomerId::new)?;
    let thread_id = query.text(
        "threadId",
        "Its thread, exactly. Without `customerId`, the key must hold the scope `customers:read`: customers may          have threads with the same id.",
    );
    Ok(TicketFilter {
        is_opened: query.flag("isOpenedTicket", "Whether a person must handle it.")?,
        channels: query.alternatives("Channel", "Its channel, exactly, or several separated by commas.")?,
        assignees: query.any_of(
            "assigned_to",
            "The id of the user it is assigned to, or `none`, or several separated by commas.",
            Kind::IdsOrNone(UserId::MAX),
            |text| match text {
                "none" => Some(AssigneeFilter::Unassigned),
                _ => wire_id::parse(text).and_then(UserId::new).map(AssigneeFilter::User),
            },
        )?,
        customer_id,
        thread_id,
        tags: query.all("tag", "One of its tags, exactly. If repeated, it must have all of them.")?,
        contact_reasons: query
            .alternatives("contact_reason", "Its contact reason, exactly, or several separated by commas.")?,
        has_unread: query.flag("unread", "Whether it has unread messages.")?,
        date_from: query.time("dateFrom", "The earliest `date`.")?,
        date_before: query.time("dateBefore", "Its `date` is earlier than this.")?,
        last_message_from: query.time("lastMessageFrom", "The earliest `lastMessageTime`.")?,
        last_message_before: query
            .time("lastMessageBefore", "Its `lastMessageTime` is earlier than this.")?,
    })
}

/// Returns the response with one page of the matching tickets.
///
/// # Errors
/// The errors of the store.
pub(super) async fn page(
    services: &Services,
    principal: &Principal,
    request: &HttpRequest,
    asked: PageRequest<TicketPosition>,
    filter: TicketFilter,
) -> Result<HttpResponse, Problem> {
    let shop = &principal.shop;
    let total = asked.total(services.tickets.count_tickets(shop.id, filter.clone(), u64::MAX)).await?;
    let page = services.tickets.list_tickets(shop.id, filter, asked.after, asked.size).await;
    let page = page.map_err(storage_problem)?;
    let next = asked.next_cursor(page.next);
    let body = TicketsAnswer {
        success: true,
        tickets: page.entries.iter().map(|view| TicketViewJson::new(view, shop.domain.as_str())).collect(),
        next_cursor: next.as_deref(),
        total,
    };
    Ok(list_query::page_response(request, next.as_deref()).json(body))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "listTickets",
        TICKETS,
        "List tickets",
        "The tickets that meet all given conditions, newest activity (`lastMessageTime`) first, a page at a time. \
         Unknown and repeated parameters are errors.",
    )
    .parameters(QUERY.parameters())
    .returns::<TicketsAnswer<'static>>(
        StatusCode::OK,
        "A page of tickets.",
        &[headers::LINK],
        [examples::page()],
    )
}
