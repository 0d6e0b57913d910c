//! The routes of the event log.

pub(crate) mod list;
pub(crate) mod stream;
mod wire;

use std::collections::BTreeSet;

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
