//! The index of tickets in list order.

use std::ops::Bound;

use anyhow::Context;
use hexdesk_domain::{ShopId, Ticket, TicketFilter, TicketId, TicketPosition};

use crate::tables::Activity;

/// Returns a ticket's key in the index.
pub(super) fn key_of(ticket: &Ticket) -> Activity {
    key(ticket.shop_id, ticket.position())
}

/// Returns the key of this position. `!` reverses the order of numbers, so that the latest ticket
/// is first (TICKET-14). Unlike a minus sign, it also works for the smallest number.
fn key(shop: ShopId, position: TicketPosition) -> Activity {
    (shop.get(), !position.last_message_time.unix_millis(), !position.id.get())
}

/// Returns the ticket of a key.
pub(super) fn ticket_id(key: Activity) -> anyhow::Result<TicketId> {
    TicketId::new(!key.2).context("a stored ticket id is out of range")
}

/// Returns the range of the shop's tickets after this position. The filter's conditions on the
/// last message limit it further.
pub(super) fn range(
    shop: ShopId,
    filter: &TicketFilter,
    after: Option<TicketPosition>,
) -> (Bound<Activity>, Bound<Activity>) {
    let mut begin_after = (shop.get(), i64::MIN, i64::MIN);
    if let Some(before) = filter.last_message_before {
        begin_after = (shop.get(), !before.unix_millis(), i64::MAX);
    }
    if let Some(position) = after {
        begin_after = begin_after.max(key(shop, position));
    }
    let earliest = filter.last_message_from.map_or(i64::MAX, |from| !from.unix_millis());
    (Bound::Excluded(begin_after), Bound::Included((shop.get(), earliest, i64::MAX)))
}
