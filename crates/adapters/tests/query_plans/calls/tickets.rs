//! Lists of tickets.

use hexdesk_domain::{AssigneeFilter, CustomerId, TicketFilter, TicketId, TicketPosition, UserId};

use super::{Call, LIMIT, Listed, Reads, second};

/// A filter: its name, its conditions, the limits of a page and of a count, and the conditions by
/// which SQLite enters its index.
type Filtered = (&'static str, TicketFilter, Reads, Reads, &'static str);

pub(super) fn calls(seconds: u64) -> Vec<Listed> {
    let mut calls = Vec::new();
    for (name, filter, page, count, enters) in filters(seconds) {
        // An agent has fewer tickets than there are open or closed tickets.
        let analyzed = match (filter.is_opened, filter.assignees.len()) {
            (Some(_), 1) => "shop_id=? AND assigned_to=?",
            _ => enters,
        };
        let first = Call::ListTickets(filter.clone(), None);
        calls.push(Listed::new(format!("tickets {name}"), first, page, enters).analyzed(analyzed));
        // The percentage of tickets before the position. Reading all of them would be too much.
        let before = if enters.contains("customer_id") { 50 } else { 1 };
        let last_message_time = second(seconds / 100 * (100 - before));
        let place = TicketPosition { last_message_time, id: TicketId::new(1).unwrap() };
        let next = Call::ListTickets(filter.clone(), Some(place));
        let after_place = |enters: &str| match enters.contains("last_message_time<?") {
            true => enters.to_owned(),
            false => format!("{enters} AND last_message_time<?"),
        };
        calls.push(
            Listed::new(format!("tickets {name}, after a place"), next, page, after_place(enters))
                .analyzed(after_place(analyzed)),
        );
        // For a count, SQLite uses any index of the shop until ANALYZE has run.
        if page == Reads::Page {
            let limited = Call::CountTickets(filter.clone(), LIMIT.into());
            let name = format!("how many tickets {name}, at most a page");
            calls.push(Listed::new(name, limited, page, enters).analyzed(analyzed));
        }
        let counted = Call::CountTickets(filter, u64::MAX);
        calls
            .push(Listed::new(format!("how many tickets {name}"), counted, count, enters).analyzed(analyzed));
    }
    calls
}

fn filters(seconds: u64) -> Vec<Filtered> {
    let mut filters = by_time(seconds);
    filters.extend(by_customer());
    filters.extend(by_state());
    filters.extend(by_word());
    filters
}

fn by_time(seconds: u64) -> Vec<Filtered> {
    let all = TicketFilter::default;
    let recent = Some(second(seconds / 100 * 98));
    let (begins, ends) = (Some(second(seconds / 2)), Some(second(seconds / 2 + 60)));
    vec![
        ("of the shop", all(), Reads::Page, Reads::All, "shop_id=?"),
        (
            "with recent messages",
            TicketFilter { last_message_from: recent, ..all() },
            Reads::Page,
            Reads::Part(50),
            "shop_id=? AND last_message_time>?",
        ),
        (
            "without recent messages",
            TicketFilter { last_message_before: recent, ..all() },
            Reads::Page,
            Reads::All,
            "shop_id=? AND last_message_time<?",
        ),
        ("since a date", TicketFilter { date_from: begins, ..all() }, Reads::Page, Reads::All, "shop_id=?"),
        ("before a date", TicketFilter { date_before: begins, ..all() }, Reads::All, Reads::All, "shop_id=?"),
        (
            "of a minute",
            TicketFilter { date_from: begins, date_before: ends, ..all() },
            Reads::All,
            Reads::All,
            "shop_id=?",
        ),
    ]
}

fn by_customer() -> Vec<Filtered> {
    let all = TicketFilter::default;
    let customer_id = CustomerId::new(1);
    let thread_id = Some("thread 801".to_owned());
    let enters = "shop_id=? AND customer_id=?";
    let part = Reads::Part(50);
    vec![
        ("of a customer", TicketFilter { customer_id, ..all() }, Reads::Page, part, enters),
        (
            "of a customer's thread",
            TicketFilter { customer_id, thread_id: thread_id.clone(), ..all() },
            part,
            part,
            enters,
        ),
        ("of a thread", TicketFilter { thread_id, ..all() }, Reads::All, Reads::All, "shop_id=?"),
    ]
}

fn by_state() -> Vec<Filtered> {
    let all = TicketFilter::default;
    let nobody = AssigneeFilter::Unassigned;
    let user = |number| UserId::new(number).map(AssigneeFilter::User).unwrap();
    let of_user = |number| vec![user(number)];
    let customer_id = CustomerId::new(1);
    let (opened, assigned) = ("shop_id=? AND is_opened=?", "shop_id=? AND assigned_to=?");
    // One ticket of a hundred is open. Of the open tickets, one of ten or all belong to this user.
    let open = Reads::Part(100);
    vec![
        ("that are open", TicketFilter { is_opened: Some(true), ..all() }, Reads::Page, open, opened),
        (
            "that are open and somebody's",
            TicketFilter { is_opened: Some(true), assignees: of_user(60), ..all() },
            Reads::OneOf(10),
            open,
            opened,
        ),
        (
            "that are closed and of a customer",
            TicketFilter { is_opened: Some(false), customer_id, ..all() },
            Reads::Page,
            Reads::Part(50),
            "shop_id=? AND customer_id=?",
        ),
        (
            "that are closed",
            TicketFilter { is_opened: Some(false), ..all() },
            Reads::Page,
            Reads::All,
            opened,
        ),
        (
            "that are nobody's",
            TicketFilter { assignees: vec![nobody], ..all() },
            Reads::Page,
            Reads::All,
            assigned,
        ),
        (
            "that are of two users",
            TicketFilter { assignees: vec![user(7), user(60)], ..all() },
            Reads::All,
            Reads::All,
            "shop_id=?",
        ),
        (
            "that are nobody's or somebody's",
            TicketFilter { assignees: vec![nobody, user(7)], ..all() },
            Reads::Page,
            Reads::All,
            "shop_id=?",
        ),
        (
            "that are somebody's",
            TicketFilter { assignees: of_user(7), ..all() },
            Reads::Page,
            Reads::Page,
            assigned,
        ),
        (
            "that are unread",
            TicketFilter { has_unread: Some(true), ..all() },
            Reads::All,
            Reads::All,
            "shop_id=?",
        ),
        (
            "that are read",
            TicketFilter { has_unread: Some(false), ..all() },
            Reads::Page,
            Reads::All,
            "shop_id=?",
        ),
    ]
}

fn by_word() -> Vec<Filtered> {
    let all = TicketFilter::default;
    let word = |word: &str| vec![word.to_owned()];
    let words = |words: [&str; 2]| words.map(ToOwned::to_owned).to_vec();
    let channel = "shop_id=? AND channel=?";
    let any = "shop_id=?";
    [
        ("of a channel", TicketFilter { channels: word("Chat"), ..all() }, Reads::Page, channel),
        ("of a rare channel", TicketFilter { channels: word("Fax"), ..all() }, Reads::Page, channel),
        ("of two channels", TicketFilter { channels: words(["Chat", "Fax"]), ..all() }, Reads::All, any),
        ("with two tags", TicketFilter { tags: words(["a", "recall"]), ..all() }, Reads::All, any),
        (
            "of two reasons",
            TicketFilter { contact_reasons: words(["refund", "recall"]), ..all() },
            Reads::OneOf(10),
            any,
        ),
        ("with a tag", TicketFilter { tags: word("a"), ..all() }, Reads::OneOf(1), any),
        ("with a rare tag", TicketFilter { tags: word("recall"), ..all() }, Reads::All, any),
        ("of a reason", TicketFilter { contact_reasons: word("refund"), ..all() }, Reads::OneOf(10), any),
        ("of a rare reason", TicketFilter { contact_reasons: word("recall"), ..all() }, Reads::All, any),
    ]
    .map(|(name, filter, page, enters)| (name, filter, page, Reads::All, enters))
    .into()
}
