//! The index that lists of tickets are walked along.

use std::ops::Bound;

use anyhow::Context;
use hexdesk_domain::{ShopId, Ticket, TicketFilter, TicketId, TicketPosition};

use crate::tables::Activity;

/// Where the index has a ticket.
pub(super) fn key_of(ticket: &Ticket) -> Activity {
    key(ticket.shop_id, ticket.position())
}

/// `!` turns the order of numbers around and loses none of them, as a minus sign does with
/// the smallest. So the latest come first, which is the order of lists (TICKET-14).
fn key(shop: ShopId, position: TicketPosition) -> Activity {
    (shop.get(), !position.last_message_time.unix_millis(), !position.id.get())
}

/// The ticket that a key is of.
pub(super) fn ticket_id(key: Activity) -> anyhow::Result<TicketId> {
    TicketId::new(!key.2).context("a stored ticket id is out of range")
}

/// The part of the index to walk for the tickets after this place: none of another shop,
/// and none whose activity is out of the filter's reach anyway.
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
