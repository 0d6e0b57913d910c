//! Counts for figures. Each shop has one comment an hour, every other from the shop.

use hexdesk_domain::{Day, ShopId, Storage, Timestamp};

use super::{Call, LIMIT, Listed, Reads};

/// What is counted for figures.
#[derive(Clone)]
pub(crate) enum FigureCall {
    /// A day with few entries.
    Day,
    /// The day of all tickets, up to a limit.
    BusyDay,
    OpenTickets,
}

impl FigureCall {
    pub(super) async fn run(self, storage: &dyn Storage, shop: ShopId) -> u64 {
        let day = |text| Day::of(Timestamp::parse(text).unwrap());
        match self {
            Self::Day => storage.count_day(shop, day("2024-01-03"), 100).await.unwrap().unwrap().entries,
            Self::BusyDay => {
                let counted = storage.count_day(shop, day("2024-01-01"), LIMIT.into()).await.unwrap();
                counted.map_or(0, |figures| figures.entries)
            }
            Self::OpenTickets => storage.count_open_tickets(shop, LIMIT.into()).await.unwrap().total,
        }
    }
}

pub(super) fn calls() -> Vec<Listed> {
    let ids = "shop_id=? AND id>? AND id<?";
    let closing = "shop_id=? AND human_ticket_closed_at>? AND human_ticket_closed_at<?";
    let listed = |name, call, enters| Listed::new(name, Call::Figures(call), Reads::Page, enters);
    vec![
        listed("the entries of a day", FigureCall::Day, ids),
        listed("the closings of a day", FigureCall::Day, closing),
        listed("the answers before an answer", FigureCall::Day, "shop_id=? AND ticket_id=?"),
        listed("the answered ticket", FigureCall::Day, "shop_id=? AND id=?"),
        listed("a day with too many entries", FigureCall::BusyDay, ids).nothing(),
        listed("open tickets by channel and assignee", FigureCall::OpenTickets, "shop_id=? AND is_opened=?"),
    ]
}
