//! Filters: each condition alone and combined.

use std::collections::BTreeSet;

use hexdesk_domain::limits::{
    MAX_CHANNEL_CHARS, MAX_CONTACT_REASON_CHARS, MAX_TAG_CHARS, MAX_THREAD_ID_CHARS,
};
use hexdesk_domain::{
    AssigneeFilter, CustomerId, NewComment, NewCustomer, NewUser, ShopId, Storage, Ticket, TicketFilter,
    TicketView, Timestamp, UserId,
};

use super::{create_all, expect_list, found};
use crate::samples::{
    ALIKE, ShopWithPeople, TRICKY_TEXTS, at, comment_creation, create_comment, create_customer, create_user,
    customer_by_email, customer_id, extreme_times, heavy_text_of, new_comment, text_of, user_by_email,
    user_id,
};

/// Creates the tickets in a new shop. Creates the same in another shop, and no list may show those.
async fn fill(
    storage: &dyn Storage,
    name: &str,
    tickets: impl Fn(&ShopWithPeople) -> anyhow::Result<Vec<Ticket>>,
) -> anyhow::Result<(ShopWithPeople, Vec<TicketView>)> {
    let fixture = ShopWithPeople::create(storage, &format!("{name}.example.com")).await?;
    let other = ShopWithPeople::create(storage, &format!("other-{name}.example.com")).await?;
    let of_fixture = tickets(&fixture)?;
    create_all(storage, &of_fixture).await?;
    create_all(storage, &tickets(&other)?).await?;
    let views = found(storage, &of_fixture).await?;
    Ok((fixture, views))
}

/// The tickets for which the predicate is true.
fn those(tickets: &[TicketView], is_wanted: impl Fn(&Ticket) -> bool) -> Vec<TicketView> {
    tickets.iter().filter(|view| is_wanted(&view.ticket)).cloned().collect()
}

/// Channel, tag, contact reason and thread are compared character for character.
pub(super) async fn on_texts(storage: &dyn Storage) -> anyhow::Result<()> {
    let texts: BTreeSet<&str> = ALIKE.iter().chain(TRICKY_TEXTS).copied().collect();
    let mut texts: Vec<String> = texts.into_iter().map(Into::into).collect();
    let long = |text: String, end: &str| text + end;
    for chars in [MAX_CHANNEL_CHARS, MAX_TAG_CHARS, MAX_CONTACT_REASON_CHARS, MAX_THREAD_ID_CHARS] {
        texts.extend([
            long(text_of(chars - 1), "x"),
            long(text_of(chars - 1), "y"),
            long(heavy_text_of(chars - 1), "🐙"),
        ]);
    }
    let count = texts.len();
    // The fields have different texts, so that no field can be mistaken for another.
    let texts_of = |max: u64, shift: usize| -> Vec<String> {
        let short = |text: &String| text.chars().count() as u64 <= max;
        (0..count)
            .map(|index| texts[(index + shift) % count].clone())
            .map(|text| if short(&text) { text } else { String::new() })
            .collect()
    };
    let channels = texts_of(MAX_CHANNEL_CHARS, 0);
    let tags = texts_of(MAX_TAG_CHARS, 1);
    let reasons = texts_of(MAX_CONTACT_REASON_CHARS, 2);
    let threads = texts_of(MAX_THREAD_ID_CHARS, 3);
    let (fixture, tickets) = fill(storage, "texts", |fixture| {
        let mut tickets = vec![fixture.ticket(1)?];
        for index in 0..count {
            let channel = Some(channels[index].clone()).filter(|channel| !channel.trim().is_empty());
            tickets.push(Ticket {
                channel: channel.unwrap_or_else(|| format!("channel {index}")),
                // Other tags come before and after the searched one. Some tags are repeated.
                tags: vec![
                    format!("before {index}"),
                    tags[index].clone(),
                    "common".into(),
                    tags[index].clone(),
                ],
                contact_reason: Some(reasons[index].clone()),
                thread_id: Some(threads[index].clone()),
                name: Some(texts[index].clone()),
                ..fixture.ticket(i64::try_from(index)? + 2)?
            });
        }
        Ok(tickets)
    })
    .await?;
    let shop = fixture.shop.id;
    let all = TicketFilter::default();
    expect_list(storage, "all", shop, &all, those(&tickets, |_| true)).await?;
    texts.push("common".into());
    texts.push("no such text".into());
    for text in &texts {
        let filter = TicketFilter { channels: vec![text.clone()], ..all.clone() };
        expect_list(storage, "by channel", shop, &filter, those(&tickets, |it| it.channel == *text)).await?;
        let filter = TicketFilter { tags: vec![text.clone()], ..all.clone() };
        expect_list(storage, "by tag", shop, &filter, those(&tickets, |it| it.tags.contains(text))).await?;
        let filter = TicketFilter { contact_reasons: vec![text.clone()], ..all.clone() };
        let is_wanted = |ticket: &Ticket| ticket.contact_reason.as_ref() == Some(text);
        expect_list(storage, "by contact reason", shop, &filter, those(&tickets, is_wanted)).await?;
        let filter = TicketFilter { thread_id: Some(text.clone()), ..all.clone() };
        // The empty id names no thread, although some tickets have it.
        let is_wanted = |ticket: &Ticket| !text.is_empty() && ticket.thread_id.as_ref() == Some(text);
        expect_list(storage, "by thread", shop, &filter, those(&tickets, is_wanted)).await?;
    }
    // Each with the one before and the one after.
    for texts in texts.windows(3) {
        let texts = texts.to_vec();
        let filter = TicketFilter { channels: texts.clone(), ..all.clone() };
        let expected = those(&tickets, |it| texts.contains(&it.channel));
        expect_list(storage, "by channels", shop, &filter, expected).await?;
        let filter = TicketFilter { contact_reasons: texts.clone(), ..all.clone() };
        let is_wanted = |it: &Ticket| it.contact_reason.as_ref().is_some_and(|it| texts.contains(it));
        expect_list(storage, "by contact reasons", shop, &filter, those(&tickets, is_wanted)).await?;
        for tags in [vec![texts[0].clone(), "common".into()], texts.clone()] {
            let filter = TicketFilter { tags: tags.clone(), ..all.clone() };
            let expected = those(&tickets, |it| tags.iter().all(|tag| it.tags.contains(tag)));
            expect_list(storage, "by tags", shop, &filter, expected).await?;
        }
    }
    Ok(())
}

/// Customer, thread and assignee belong to the shop. Two customers may have threads with the same id.
pub(super) async fn on_people(storage: &dyn Storage) -> anyhow::Result<()> {
    let mut fixtures = Vec::new();
    for name in ["people.example.com", "other-people.example.com"] {
        let fixture = ShopWithPeople::create(storage, name).await?;
        // People with numbers that both shops use.
        let new = NewCustomer { id: Some(customer_id(500)?), ..customer_by_email("500@example.com") };
        let customer = create_customer(storage, fixture.shop.id, new).await?;
        let new = NewUser { id: Some(user_id(500)?), ..user_by_email("500@example.com") };
        let user = create_user(storage, fixture.shop.id, new).await?;
        let mut tickets = Vec::new();
        for customer_id in [fixture.customer.id, customer.id] {
            for assigned_to in [None, Some(fixture.user.id), Some(user.id)] {
                for thread_id in [None, Some(""), Some("one"), Some("two")] {
                    let id = i64::try_from(tickets.len())? + 1;
                    let thread_id = thread_id.map(Into::into);
                    tickets.push(Ticket { customer_id, assigned_to, thread_id, ..fixture.ticket(id)? });
                }
            }
        }
        // Only one customer has this thread.
        let thread_id = Some("three".into());
        tickets.push(Ticket { customer_id: customer.id, thread_id, ..fixture.ticket(90)? });
        create_all(storage, &tickets).await?;
        let views = found(storage, &tickets).await?;
        fixtures.push((fixture, views));
    }
    // A customer and a user of the other shop only.
    let (other, _) = &fixtures[1];
    let new = NewCustomer { id: Some(customer_id(600)?), ..customer_by_email("600@example.com") };
    let of_other = create_customer(storage, other.shop.id, new).await?;
    let new = NewUser { id: Some(user_id(600)?), ..user_by_email("600@example.com") };
    let user_of_other = create_user(storage, other.shop.id, new).await?;
    let theirs = Ticket {
        customer_id: of_other.id,
        assigned_to: Some(user_of_other.id),
        thread_id: Some("one".into()),
        ..other.ticket(91)?
    };
    create_all(storage, &[theirs]).await?;

    let (fixture, tickets) = &fixtures[0];
    let shop = fixture.shop.id;
    let all = TicketFilter::default();
    for customer in [fixture.customer.id, customer_id(500)?, of_other.id, customer_id(CustomerId::MAX)?] {
        let filter = TicketFilter { customer_id: Some(customer), ..all.clone() };
        let expected = those(tickets, |ticket| ticket.customer_id == customer);
        expect_list(storage, "by customer", shop, &filter, expected).await?;
        for thread_id in ["", "one", "two", "three", "One", "four"] {
            let filter = TicketFilter { thread_id: Some(thread_id.into()), ..all.clone() };
            let is_of_thread =
                |ticket: &Ticket| !thread_id.is_empty() && ticket.thread_id.as_deref() == Some(thread_id);
            expect_list(storage, "by thread", shop, &filter, those(tickets, is_of_thread)).await?;
            let of_customer = TicketFilter { customer_id: Some(customer), ..filter };
            let expected = those(tickets, |it| is_of_thread(it) && it.customer_id == customer);
            expect_list(storage, "by thread and customer", shop, &of_customer, expected).await?;
        }
    }
    for user in [fixture.user.id, user_id(500)?, user_of_other.id, user_id(UserId::MAX)?] {
        let filter = TicketFilter { assignees: vec![AssigneeFilter::User(user)], ..all.clone() };
        let expected = those(tickets, |ticket| ticket.assigned_to == Some(user));
        expect_list(storage, "by assignee", shop, &filter, expected).await?;
    }
    let filter = TicketFilter { assignees: vec![AssigneeFilter::Unassigned], ..all.clone() };
    let expected = those(tickets, |ticket| ticket.assigned_to.is_none());
    expect_list(storage, "by having no assignee", shop, &filter, expected).await?;
    let users = [fixture.user.id, user_id(500)?, user_of_other.id].map(AssigneeFilter::User);
    for assignees in [
        vec![users[0], users[1]],
        vec![users[1], users[2], users[1]],
        vec![AssigneeFilter::Unassigned, users[0]],
        vec![users[2], AssigneeFilter::Unassigned],
    ] {
        let filter = TicketFilter { assignees, ..all.clone() };
        let expected = those(tickets, |ticket| filter.matches(ticket));
        expect_list(storage, "by several assignees", shop, &filter, expected).await?;
    }

    let no_shop = ShopId::new(ShopId::MAX).map_or(shop, |shop| shop);
    expect_list(storage, "of a missing shop", no_shop, &all, Vec::new()).await
}

/// Open or closed, and with or without unread messages. The number of unread messages does not
/// matter.
pub(super) async fn on_flags(storage: &dyn Storage) -> anyhow::Result<()> {
    let (fixture, tickets) = fill(storage, "flags", |fixture| {
        let mut tickets = Vec::new();
        for is_opened in [false, true] {
            for unread_count in [0, 1, 2, 256, 65_536, i32::MAX] {
                let id = i64::try_from(tickets.len())? + 1;
                tickets.push(Ticket { is_opened, unread_count, ..fixture.ticket(id)? });
            }
        }
        Ok(tickets)
    })
    .await?;
    let all = TicketFilter::default();
    for flag in [false, true] {
        let filter = TicketFilter { is_opened: Some(flag), ..all.clone() };
        let expected = those(&tickets, |ticket| ticket.is_opened == flag);
        expect_list(storage, "by being open", fixture.shop.id, &filter, expected).await?;
        let filter = TicketFilter { has_unread: Some(flag), ..all.clone() };
        let expected = those(&tickets, |ticket| (ticket.unread_count > 0) == flag);
        expect_list(storage, "by unread messages", fixture.shop.id, &filter, expected).await?;
    }
    Ok(())
}

/// Ranges of time include their beginning and exclude their end.
pub(super) async fn on_times(storage: &dyn Storage) -> anyhow::Result<()> {
    let times = extreme_times();
    let (fixture, tickets) = fill(storage, "times", |fixture| {
        let times = times.iter().zip(times.iter().rev()).zip(1..);
        // The two times run in opposite directions, so that neither can be mistaken for the other.
        times
            .map(|((date, last), id)| {
                Ok(Ticket { date: *date, last_message_time: *last, ..fixture.ticket(id)? })
            })
            .collect()
    })
    .await?;
    let all = TicketFilter::default();
    let shop = fixture.shop.id;
    for from in &times {
        let filter = TicketFilter { date_from: Some(*from), ..all.clone() };
        expect_list(storage, "from a date", shop, &filter, those(&tickets, |it| it.date >= *from)).await?;
        let filter = TicketFilter { date_before: Some(*from), ..all.clone() };
        expect_list(storage, "before a date", shop, &filter, those(&tickets, |it| it.date < *from)).await?;
        let filter = TicketFilter { last_message_from: Some(*from), ..all.clone() };
        let expected = those(&tickets, |ticket| ticket.last_message_time >= *from);
        expect_list(storage, "with a message from then on", shop, &filter, expected).await?;
        let filter = TicketFilter { last_message_before: Some(*from), ..all.clone() };
        let expected = those(&tickets, |ticket| ticket.last_message_time < *from);
        expect_list(storage, "with no message from then on", shop, &filter, expected).await?;
        for before in [*from, from.saturating_add_millis(1), Timestamp::MAX, Timestamp::MIN] {
            let filter = TicketFilter { date_from: Some(*from), date_before: Some(before), ..all.clone() };
            let expected = those(&tickets, |ticket| *from <= ticket.date && ticket.date < before);
            expect_list(storage, "in a range of dates", shop, &filter, expected).await?;
            let filter = TicketFilter {
                last_message_from: Some(*from),
                last_message_before: Some(before),
                ..all.clone()
            };
            let expected = those(&tickets, |ticket| {
                *from <= ticket.last_message_time && ticket.last_message_time < before
            });
            expect_list(storage, "with the last message in a range", shop, &filter, expected).await?;
        }
    }
    Ok(())
}

/// Sets one condition of a filter.
type Condition<'a> = Box<dyn Fn(&mut TicketFilter) + Send + Sync + 'a>;

/// Every two conditions, all conditions, all except one, and all with one that the ticket does not
/// meet.
pub(super) async fn combined(storage: &dyn Storage) -> anyhow::Result<()> {
    let (fixture, tickets) = fill(storage, "combined", |fixture| {
        (0..48)
            .map(|index| {
                // Every combination of two of these occurs.
                let bit = |place: i64| index >> place & 1;
                Ok(Ticket {
                    is_opened: bit(0) == 1,
                    channel: if bit(1) == 1 { "Mail".into() } else { "Website".into() },
                    assigned_to: (bit(2) == 1).then_some(fixture.user.id),
                    thread_id: (bit(3) ^ bit(0) == 1).then(|| "thread".into()),
                    tags: if bit(4) == 1 { vec!["a".into(), "b".into()] } else { vec!["b".into()] },
                    contact_reason: (bit(1) ^ bit(4) == 1).then(|| "reason".into()),
                    unread_count: i32::try_from(bit(2) ^ bit(3))?,
                    date: at(index % 7),
                    last_message_time: at(index % 5),
                    ..fixture.ticket(index + 1)?
                })
            })
            .collect()
    })
    .await?;
    let (user, customer) = (fixture.user.id, fixture.customer.id);
    // Two alternatives for each condition. A ticket can meet at most one of them, or both for tags
    // and times.
    let conditions: Vec<[Condition<'_>; 2]> = vec![
        [Box::new(|filter| filter.is_opened = Some(true)), Box::new(|filter| filter.is_opened = Some(false))],
        [
            Box::new(|filter| filter.channels = vec!["Mail".into()]),
            Box::new(|filter| filter.channels = vec!["Website".into(), "Chat".into()]),
        ],
        [
            Box::new(|filter| filter.assignees = vec![AssigneeFilter::Unassigned]),
            Box::new(move |filter| filter.assignees = vec![AssigneeFilter::User(user)]),
        ],
        [
            Box::new(move |filter| filter.customer_id = Some(customer)),
            Box::new(|filter| filter.customer_id = CustomerId::new(CustomerId::MAX)),
        ],
        [
            Box::new(|filter| filter.thread_id = Some("thread".into())),
            Box::new(|filter| filter.thread_id = Some("Thread".into())),
        ],
        [
            Box::new(|filter| filter.tags = vec!["b".into(), "a".into()]),
            Box::new(|filter| filter.tags = vec!["b".into()]),
        ],
        [
            Box::new(|filter| filter.contact_reasons = vec!["reason".into(), String::new()]),
            Box::new(|filter| filter.contact_reasons = vec![String::new()]),
        ],
        [
            Box::new(|filter| filter.has_unread = Some(true)),
            Box::new(|filter| filter.has_unread = Some(false)),
        ],
        [
            Box::new(|filter| filter.date_from = Some(at(2))),
            Box::new(|filter| filter.date_from = Some(at(5))),
        ],
        [
            Box::new(|filter| filter.date_before = Some(at(5))),
            Box::new(|filter| filter.date_before = Some(at(2))),
        ],
        [
            Box::new(|filter| filter.last_message_from = Some(at(1))),
            Box::new(|filter| filter.last_message_from = Some(at(3))),
        ],
        [
            Box::new(|filter| filter.last_message_before = Some(at(3))),
            Box::new(|filter| filter.last_message_before = Some(at(1))),
        ],
    ];
    let mut filters = Vec::new();
    for (place, left) in conditions.iter().enumerate() {
        for right in conditions.iter().skip(place) {
            for (left, right) in left.iter().flat_map(|left| right.iter().map(move |right| (left, right))) {
                let mut filter = TicketFilter::default();
                left(&mut filter);
                right(&mut filter);
                filters.push(filter);
            }
        }
    }
    for view in tickets.iter().step_by(5) {
        let exact = exactly(&view.ticket);
        for (place, condition) in conditions.iter().enumerate() {
            for set in condition {
                let mut filter = exact.clone();
                set(&mut filter);
                filters.push(filter);
            }
            // All conditions except this one.
            let mut filter = exact.clone();
            let open = TicketFilter::default();
            match place {
                0 => filter.is_opened = open.is_opened,
                1 => filter.channels = open.channels,
                2 => filter.assignees = open.assignees,
                3 => filter.customer_id = open.customer_id,
                4 => filter.thread_id = open.thread_id,
                5 => filter.tags = open.tags,
                6 => filter.contact_reasons = open.contact_reasons,
                7 => filter.has_unread = open.has_unread,
                8 => filter.date_from = open.date_from,
                9 => filter.date_before = open.date_before,
                10 => filter.last_message_from = open.last_message_from,
                _ => filter.last_message_before = open.last_message_before,
            }
            filters.push(filter);
        }
        filters.push(exact);
    }
    for filter in filters {
        let expected = those(&tickets, |ticket| filter.matches(ticket));
        expect_list(storage, "by several conditions", fixture.shop.id, &filter, expected).await?;
    }
    Ok(())
}

/// A filter with every condition that the ticket can meet.
fn exactly(ticket: &Ticket) -> TicketFilter {
    let after = |time: Timestamp| Some(time.saturating_add_millis(1));
    TicketFilter {
        is_opened: Some(ticket.is_opened),
        channels: vec![ticket.channel.clone()],
        assignees: vec![ticket.assigned_to.map_or(AssigneeFilter::Unassigned, AssigneeFilter::User)],
        customer_id: Some(ticket.customer_id),
        thread_id: ticket.thread_id.clone(),
        tags: ticket.tags.clone(),
        contact_reasons: ticket.contact_reason.iter().cloned().collect(),
        has_unread: Some(ticket.unread_count > 0),
        date_from: Some(ticket.date),
        date_before: after(ticket.date),
        last_message_from: Some(ticket.last_message_time),
        last_message_before: after(ticket.last_message_time),
    }
}

/// Lists show the effects of comments on tickets.
pub(super) async fn on_what_comments_change(storage: &dyn Storage) -> anyhow::Result<()> {
    let (fixture, tickets) = fill(storage, "changes", |fixture| {
        (1..=3).map(|id| Ok(Ticket { last_message_time: at(0), ..fixture.ticket(id)? })).collect()
    })
    .await?;
    let shop = fixture.shop.id;
    let comment = new_comment(1, &tickets[1].ticket)?;
    let comment = NewComment { time: at(100), is_from_shop: false, ..comment };
    create_comment(storage, comment_creation(comment)).await?;
    let id = tickets[1].ticket.id;
    let tickets: Vec<_> = tickets.into_iter().map(|view| view.ticket).collect();
    let tickets = found(storage, &tickets).await?;
    let all = TicketFilter::default();
    let changed = || those(&tickets, |ticket| ticket.id == id);
    let unchanged = || those(&tickets, |ticket| ticket.id != id);
    for (flag, expected) in [(true, changed()), (false, unchanged())] {
        let filter = TicketFilter { has_unread: Some(flag), ..all.clone() };
        expect_list(storage, "after a comment, by unread messages", shop, &filter, expected).await?;
    }
    let filter = TicketFilter { last_message_from: Some(at(100)), ..all.clone() };
    expect_list(storage, "after a comment, since then", shop, &filter, changed()).await?;
    let filter = TicketFilter { last_message_before: Some(at(100)), ..all };
    expect_list(storage, "after a comment, before it", shop, &filter, unchanged()).await
}
