//! The live stream of the event log.

mod feed;
mod frames;
mod key_check;
mod long_poll;
mod open_stream;
mod places;

use std::convert::Infallible;
use std::time::Duration;

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::{StreamExt, stream};
use hexdesk_domain::{Actor, EventFilter, EventPosition, EventsRemoved, PageSize, Principal};

pub(crate) use feed::Feeds;
pub(super) use long_poll::{LongPoll, MAX_WAIT_SECONDS};
pub(crate) use places::StreamPlaces;

use super::{cursors, kinds};
use crate::cursor::CursorSeal;
use crate::list_query::{ListQuery, Pages, QueryParameters};
#[cfg(test)]
use crate::openapi::prelude::*;
use crate::problem::Problem;
use crate::services::{Started, storage_problem};
use crate::{admission, connections, response_body};
use frames::Detail;
use key_check::KeyCheck;
use open_stream::{OpenStream, Progress};

/// The longest time that a client may take nothing of a stream.
const MAX_STALL: Duration = Duration::from_secs(30);

/// How long a client waits before it connects again.
const RETRY: Duration = Duration::from_secs(2);

/// The value of `after` for the beginning of the log.
const START: &str = "start";

static QUERY: ListQuery<(Option<String>, EventFilter)> = ListQuery::new("events", Pages::Own, parameters);

fn parameters(query: &mut QueryParameters) -> Result<(Option<String>, EventFilter), Problem> {
    let after = query.text(
        "after",
        "Where the stream begins: after the event with this `cursor`, or `start` for the oldest event. The default is \
         the present end of the log. The header `Last-Event-ID` comes first.",
    );
    Ok((after, EventFilter { kinds: kinds(query)?, ..EventFilter::default() }))
}

/// `GET /api/v1/events/stream`: the event log of the key's shop from some place on, without an end.
///
/// # Errors
/// 400 for an invalid parameter, 410 for a place before the beginning of the log, 429 if too many
/// streams are open.
pub(crate) async fn serve(
    services: Started,
    principal: web::ReqData<Principal>,
    places: web::Data<StreamPlaces>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let principal = principal.into_inner();
    let is_page = matches!(principal.actor, Actor::User { .. });
    let detail = if is_page { Detail::Change } else { Detail::Whole };
    let shop = principal.shop.clone();
    let place = places.take(&principal)?;
    let (after, filter) = parameters(&mut QUERY.parse(&request)?)?;
    let seal = cursors(shop.id);
    let asked = last_event_id(&request)?.or(after);
    let feed = services.feeds.open(&shop).await.map_err(storage_problem)?;
    let mut first = frames::retry(RETRY);
    let at = match asked {
        Some(after) => {
            let at = position(&services, &seal, &principal, &after).await?;
            at.map_err(|EventsRemoved { oldest }| Problem::events_removed(seal.seal(&oldest)))?
        }
        None => {
            let end = services.events.find_log_end(shop.id).await.map_err(storage_problem)?;
            first.push_str(&frames::ready(&seal.seal(&end)));
            end
        }
    };
    let mut response = HttpResponse::Ok();
    response.content_type("text/event-stream");
    // Tells nginx to pass each frame on at once.
    response.insert_header(("x-accel-buffering", "no"));
    if request.method() == Method::HEAD {
        return Ok(response.streaming(stream::empty::<Result<web::Bytes, Infallible>>()));
    }
    admission::release(&request);
    connections::allow_stall(&request, MAX_STALL);
    let open = OpenStream {
        grown: feed.grown(),
        feed,
        key: KeyCheck::new(services.shared(), principal, &request),
        services: services.shared(),
        shop,
        filter,
        detail,
        client: connections::Client::of(&request),
        place,
        progress: Progress::new(at, first),
    };
    let frames = stream::unfold(open, OpenStream::next).map(Ok::<_, Infallible>);
    let mut response = response.streaming(frames);
    response_body::end_with_connection(&request, &mut response);
    Ok(response)
}

/// The place that a client has reached before it lost its connection.
fn last_event_id(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(id) = request.headers().get(header::HeaderName::from_static("last-event-id")) else {
        return Ok(None);
    };
    // Browsers send an empty one after a frame without an id.
    let id = id.to_str().map_err(|_| invalid_place("Last-Event-ID"))?.trim();
    Ok((!id.is_empty()).then(|| id.to_owned()))
}

fn invalid_place(name: &str) -> Problem {
    Problem::invalid_parameter(format!("{name} must be the cursor of an event of this shop"))
}

/// Returns the position that the client asks for, or the beginning of the log if that is later.
async fn position(
    services: &Started,
    seal: &CursorSeal,
    principal: &Principal,
    after: &str,
) -> Result<Result<EventPosition, EventsRemoved>, Problem> {
    let position = match after {
        START => EventPosition::START,
        cursor => seal.open(cursor).ok_or_else(|| invalid_place("after or Last-Event-ID"))?,
    };
    let page = services
        .events
        .list_events(principal.shop.id, Default::default(), Some(position), PageSize::of(1))
        .await;
    Ok(match page.map_err(storage_problem)? {
        Err(EventsRemoved { oldest }) if after == START => Ok(oldest),
        checked => checked.map(|_| position),
    })
}

#[cfg(test)]
pub(crate) fn describe() -> Description {
    Description::new(
        "streamEvents",
        EVENTS,
        "Stream events",
        "The event log of the shop as server-sent events (`text/event-stream`), from some place on and without an end. \
         The `id` of a frame is the event's `cursor`, its `event` is the kind, and its `data` is the event as in the \
         list, on one line. After a lost connection, send the last `id` as `Last-Event-ID` (browsers do so) or as \
         `after`: no event is missed or repeated. A stream that begins at the present end sends its cursor first, in \
         a frame with the event `ready`. If the next events were removed, the last frame has the event `removed` and \
         the oldest `cursor` in its data. A frame with only an `id` moves the client past events that `kinds` leaves \
         out. A comment is sent every 15 seconds. The stream ends after an hour, when the server stops, and when the \
         key or its shop does not admit the client any longer.",
    )
    .parameters([parameters::in_header("Last-Event-ID", "The `id` of the last frame that arrived. It comes before `after`.")])
    .parameters(QUERY.parameters())
    .returns_document("Frames, without an end.", "text/event-stream", Type::String)
    .fails_with([
        Problem::events_removed(super::list::CURSOR.to_owned()),
        Problem::too_many_streams("The API key"),
    ])
}
