//! The routes of the event log.

pub(crate) mod list;
pub(crate) mod stream;
pub(crate) mod wire;

use std::collections::BTreeSet;

use hexdesk_domain::{Event, EventFilter, EventKind, EventPosition, ShopId};

use crate::cursor::CursorSeal;
use crate::list_query::{Kind, QueryParameters};
use crate::problem::Problem;

/// Returns the seal of the cursors of a shop's log. A stream takes those of the list, and the other way
/// round.
fn cursors(shop: ShopId) -> CursorSeal {
    CursorSeal::new("events", shop, &QueryParameters::default().filter())
}

/// Reads the condition on kinds.
fn kinds(query: &mut QueryParameters) -> Result<BTreeSet<EventKind>, Problem> {
    let description =
        "Only events of one of these kinds, separated by commas, such as `ticket.created,ticket.updated`.";
    let kinds = query.any_of("kinds", description, Kind::EventKinds, |kind| kind.parse().ok())?;
    Ok(kinds.into_iter().collect())
}

/// Reads the conditions on events.
fn filter(query: &mut QueryParameters) -> Result<EventFilter, Problem> {
    let filter = EventFilter {
        kinds: kinds(query)?,
        subject: query.read(
            "subject",
            "Only events about this resource: its type and id, such as `ticket:385641613176606720`, `customer:123`, \
             `user:45` or `key:7`.",
            Kind::EventSubject,
            |text| text.parse().ok(),
        )?,
        from: query.time("from", "Only events at this time or later.")?,
        before: query.time("to", "Only events before this time.")?,
        ..EventFilter::default()
    };
    match (filter.from, filter.before) {
        (Some(from), Some(before)) if from >= before => {
            Err(Problem::invalid_parameter("to must be later than from"))
        }
        _ => Ok(filter),
    }
}

/// Returns the cursor of a position in the shop's log.
pub(crate) fn cursor(shop: ShopId, position: EventPosition) -> String {
    cursors(shop).seal(&position)
}

/// Returns the position of a cursor of the shop's log, or `None` if it is not one.
pub(crate) fn open_cursor(shop: ShopId, cursor: &str) -> Option<EventPosition> {
    cursors(shop).open(cursor)
}

/// Returns the JSON of an event, the same as in a list.
///
/// # Errors
/// If it cannot be rendered.
pub(crate) fn message(event: &Event, shop_domain: &str, has_snapshot: bool) -> anyhow::Result<Vec<u8>> {
    let cursor = cursors(event.shop_id).seal(&event.position);
    let mut json = wire::EventJson::new(event, cursor, shop_domain);
    if !has_snapshot {
        json = json.without_snapshot();
    }
    Ok(serde_json::to_vec(&json)?)
}
