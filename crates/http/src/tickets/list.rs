use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::limits::MAX_RECENT_DAYS;
use hexdesk_domain::{AssigneeFilter, CustomerId, Principal, ThreadFilter, TicketFilter, UserId};

use super::wire::{TicketViewJson, TicketsAnswer};
use crate::list_query::{self, PageRequest, QueryParameters};
use crate::problem::Problem;
use crate::services::{Services, Started, storage_problem};
use crate::wire_id;

/// The parameters that narrow the list of tickets.
const FILTER_PARAMETERS: [&str; 12] = [
    "isOpenedTicket",
    "Channel",
    "assigned_to",
    "customerId",
    "threadId",
    "tag",
    "contact_reason",
    "unread",
    "dateFrom",
    "dateBefore",
    "lastMessageFrom",
    "lastMessageBefore",
];
const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1_000;
pub(super) const DEFAULT_RECENT_DAYS: i64 = 7;

/// `GET /api/v1/tickets`: the tickets of the key's shop, newest activity first, a page at
/// a time.
///
/// # Errors
/// 400 for a parameter that is none.
pub(crate) async fn list(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let parameters =
        QueryParameters::parse(&request, FILTER_PARAMETERS.into_iter().chain(list_query::PAGE_PARAMETERS))?;
    page(&services, &principal, &request, "tickets", parameters, filter).await
}

/// `GET /api/v1/tickets/getRecentConversations`: the tickets of the key's shop whose last
/// message is of the last `days` days, newest first, a page at a time.
///
/// # Errors
/// 400 for a parameter that is none.
pub(crate) async fn recent(
    services: Started,
    principal: web::ReqData<Principal>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let parameters =
        QueryParameters::parse(&request, ["days"].into_iter().chain(list_query::PAGE_PARAMETERS))?;
    let now = services.clock.now();
    page(&services, &principal, &request, "recent", parameters, |parameters| {
        let days = parameters.number("days", 1, MAX_RECENT_DAYS)?.unwrap_or(DEFAULT_RECENT_DAYS);
        let last_message_from = Some(now.saturating_add_millis(-days * MILLIS_A_DAY));
        Ok(TicketFilter { last_message_from, ..TicketFilter::default() })
    })
    .await
}

async fn page(
    services: &Services,
    principal: &Principal,
    request: &HttpRequest,
    list: &str,
    mut parameters: QueryParameters,
    filter: impl FnOnce(&mut QueryParameters) -> Result<TicketFilter, Problem>,
) -> Result<HttpResponse, Problem> {
    let shop = &principal.shop;
    let asked = PageRequest::read(list, shop.id, &mut parameters)?;
    let filter = filter(&mut parameters)?;

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

fn filter(parameters: &mut QueryParameters) -> Result<TicketFilter, Problem> {
    let customer_id = parameters.read("customerId", &wire_id::requirement(CustomerId::MAX), |text| {
        wire_id::parse(text).and_then(CustomerId::new)
    })?;
    let thread = match (parameters.take("threadId"), customer_id) {
        (None, _) => None,
        (Some(thread_id), Some(customer_id)) => Some(ThreadFilter { customer_id, thread_id }),
        (Some(_), None) => {
            return Err(Problem::invalid_parameter(
                "threadId needs a customerId beside it, since a thread is one customer's",
            ));
        }
    };
    let assignee_requirement = format!("{}, or none", wire_id::requirement(UserId::MAX));
    Ok(TicketFilter {
        is_opened: parameters.flag("isOpenedTicket")?,
        channel: parameters.take("Channel"),
        assignee: parameters.read("assigned_to", &assignee_requirement, |text| match text {
            "none" => Some(AssigneeFilter::Unassigned),
            _ => wire_id::parse(text).and_then(UserId::new).map(AssigneeFilter::User),
        })?,
        customer_id,
        thread,
        tag: parameters.take("tag"),
        contact_reason: parameters.take("contact_reason"),
        has_unread: parameters.flag("unread")?,
        date_from: parameters.timestamp("dateFrom")?,
        date_before: parameters.timestamp("dateBefore")?,
        last_message_from: parameters.timestamp("lastMessageFrom")?,
        last_message_before: parameters.timestamp("lastMessageBefore")?,
    })
}
