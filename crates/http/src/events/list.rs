use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use hexdesk_domain::{EventFilter, EventsRemoved, Principal};

use super::stream::{LongPoll, MAX_WAIT_SECONDS, StreamPlaces};
use super::wire::{EventJson, EventsAnswer};
use crate::list_query::{self, ListQuery, Pages, QueryParameters, WAIT};
#[cfg(test)]
use crate::openapi::{prelude::*, problems};
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
#[cfg(test)]
use crate::tickets;

static QUERY: ListQuery<(EventFilter, Duration)> = ListQuery::new("events", Pages::Unbound, parameters);

fn parameters(query: &mut QueryParameters) -> Result<(EventFilter, Duration), Problem> {
    // Declares both, whatever the values of the first are.
    let (filter, wait) = (super::filter(query), wait(query));
    Ok((filter?, wait?))
}

fn wait(query: &mut QueryParameters) -> Result<Duration, Problem> {
    let description = "How many seconds to wait for an event if there is none yet. The response comes as soon as there \
                       is one. A waiting request counts as a stream.";
    let seconds = query.number(WAIT, description, (0, MAX_WAIT_SECONDS))?;
    Ok(Duration::from_secs(seconds.and_then(|seconds| seconds.try_into().ok()).unwrap_or_default()))
}

/// `GET /api/v1/events`: the event log of the key's shop, oldest first, a page at a time.
///
/// # Errors
/// 400 for an invalid parameter, 410 for a cursor before the beginning of the log.
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    places: web::Data<StreamPlaces>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let shop = &principal.shop;
    let (asked, (filter, wait)) = QUERY.read(&request, shop.id)?;
    let read = async |after| {
        let page = services.events.list_events(shop.id, filter.clone(), after, asked.size).await;
        page.map_err(storage_problem)?
            .map_err(|EventsRemoved { oldest }| Problem::events_removed(asked.cursor(oldest)))
    };
    let page = if wait.is_zero() {
        read(asked.after).await?
    } else {
        LongPoll { services: &services, places: &places, principal: &principal, request: &request, wait }
            .first_page(&filter, asked.after, read)
            .await?
    };
    let next = asked.next_cursor(page.next);
    let events = page.entries.iter().map(|event| {
        let cursor = asked.cursor(event.position);
        EventJson::new(event, cursor, shop.domain.as_str())
    });
    let body = EventsAnswer { success: true, events: events.collect(), next_cursor: next.as_deref() };
    Ok(list_query::page_response(&request, next.as_deref()).json(body))
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "listEvents",
        EVENTS,
        "List events",
        "The log of changes of the shop, oldest first, a page at a time. Each change of a resource is one event, \
         committed together with the change. To follow the log, ask again later with the `cursor` of the last event \
         you have seen: no event is ever added before it. With `wait`, the response comes once there is an event. An event appears when every change that began before it \
         has ended, usually at once. Erasing a customer removes its data from all events. The server keeps events \
         for as long as it is configured to. A page looks at up to 10,000 events of the log: if few of them meet the \
         conditions, it may be short or empty, and have a `next_cursor`. A `cursor` before the oldest event that is left returns 410. Unknown and repeated parameters are errors.",
    )
    .parameters(QUERY.parameters())
    .returns::<EventsAnswer<'static>>(
        StatusCode::OK,
        "A page of events.",
        &[headers::LINK],
        [("last", json!({"success": true, "events": [created(), deleted()], "next_cursor": null}))],
    )
    .fails_with([Problem::events_removed(CURSOR.to_owned()), Problem::too_many_streams("The API key")])
}

#[cfg(test)]
pub(super) const CURSOR: &str = "AQAAAAAAAAArAAAAAAAAAAcAAAAAAAAAAJvLb5h0b1nDwDo4Aw";

#[cfg(test)]
fn created() -> Value {
    let mut snapshot = tickets::examples::ticket_with_people();
    if let Some(members) = snapshot.as_object_mut() {
        members.retain(|name, _| name != "Customer" && name != "User");
        members.insert("version".to_owned(), json!(1));
    }
    json!({
        "cursor": CURSOR,
        "kind": "ticket.created",
        "subject": {"type": "ticket", "id": parameters::TICKET_ID},
        "actor": {"type": "api_key", "id": 1, "userId": null},
        "time": "2026-04-28T00:00:00.000Z",
        "requestId": problems::REQUEST_ID,
        "snapshot": snapshot
    })
}

#[cfg(test)]
fn deleted() -> Value {
    json!({
        "cursor": "AQAAAAAAAAAsAAAAAAAAAAgAAAAAAAAAABt5xJ3X6Wzk0OVmLA",
        "kind": "ticket.deleted",
        "subject": {"type": "ticket", "id": parameters::TICKET_ID},
        "actor": {"type": "api_key", "id": 2, "userId": 45},
        "time": "2026-04-29T08:30:00.000Z",
        "requestId": null,
        "snapshot": null
    })
}
