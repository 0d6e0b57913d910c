//! The routes of the event log.

pub(crate) mod list;
pub(crate) mod stream;
mod wire;

use std::collections::BTreeSet;

#[cfg(feature = "webhooks")]
use hexdesk_domain::{Event, EventPosition};
use hexdesk_domain::{EventKind, ShopId};

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

/// Returns the cursor of a position in the shop's log.
#[cfg(feature = "webhooks")]
pub(crate) fn cursor(shop: ShopId, position: EventPosition) -> String {
    cursors(shop).seal(&position)
}

/// Returns the position of a cursor of the shop's log, or `None` if it is not one.
#[cfg(feature = "webhooks")]
pub(crate) fn open_cursor(shop: ShopId, cursor: &str) -> Option<EventPosition> {
    cursors(shop).open(cursor)
}

/// Returns the JSON of an event, the same as in a list.
///
/// # Errors
/// If it cannot be rendered.
#[cfg(feature = "webhooks")]
pub(crate) fn message(event: &Event, shop_domain: &str, has_snapshot: bool) -> anyhow::Result<Vec<u8>> {
    let cursor = cursors(event.shop_id).seal(&event.position);
    let mut json = wire::EventJson::new(event, cursor, shop_domain);
    if !has_snapshot {
        json = json.without_snapshot();
    }
    Ok(serde_json::to_vec(&json)?)
}
