//! The obligations of [`TicketStore`](hexdesk_domain::TicketStore) on lists and counts.

mod conditions;

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::limits::{MAX_MESSAGE_CHARS, MAX_PAGE_ENTRIES};
use hexdesk_domain::ports::CreateTicketOutcome;
use hexdesk_domain::{
    AssigneeFilter, Page, PageSize, ShopId, Storage, Ticket, TicketFilter, TicketId, TicketPosition,
    TicketView, Timestamp,
};

use crate::comparison::same;
use crate::pages::{pages_of, sizes_by_bytes};
use crate::samples::{
    ShopWithPeople, at, comment_creation, create_comment, create_ticket, creation, expect_outcomes,
    extreme_times, new_comment, ticket_id,
};

/// TICKET-13: exactly the shop's tickets that meet every condition.
pub async fn ticket_13_list_meets_every_condition(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let storage = &*storage;
    let shop = ShopWithPeople::create(storage, "empty.example.com").await?.shop.id;
    expect_list(storage, "the list of a shop without tickets", shop, &TicketFilter::default(), Vec::new())
        .await?;
    conditions::on_texts(storage).await?;
    conditions::on_people(storage).await?;
    conditions::on_flags(storage).await?;
    conditions::on_times(storage).await?;
    conditions::combined(storage).await?;
    conditions::on_what_comments_change(storage).await
}

/// TICKET-14: in order of the last message, latest first, then of the id, largest first.
pub async fn ticket_14_list_is_latest_first(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let mut tickets = Vec::new();
    let mut times = extreme_times();
    times.extend([at(1), at(0), at(1), at(1)]);
    // Ids whose numeric order differs from their order as texts and as doubles. They are not in the
    // order of times, and each time has two.
    let ids = (0..).map(|index: i64| match index % 4 {
        0 => 10 + index * 7 % 31,
        1 => 1_000_000 - index,
        2 => TicketId::MAX - index,
        _ => (1 << 53) + index * 5 % 17,
    });
    for ((time, id), index) in times.iter().chain(times.iter().rev()).zip(ids).zip(0_i64..) {
        let ticket = Ticket {
            last_message_time: *time,
            // These fields do not affect the order.
            date: at(-index),
            unread_count: i32::try_from(index % 2)?,
            assigned_to: (index % 3 == 0).then_some(fixture.user.id),
            is_opened: index % 5 < 2,
            tags: vec!["tag".to_owned(), format!("tag {index}")],
            ..fixture.ticket(id)?
        };
        tickets.push(ticket);
    }
    create_all(&*storage, &tickets).await?;
    for filter in some_filters(&fixture) {
        expect_order(&*storage, fixture.shop.id, &filter, &tickets).await?;
    }
    // A comment moves a ticket to its new position.
    let mut comments = 1..;
    for (place, time) in [(3, at(500)), (7, at(500)), (0, Timestamp::MAX), (9, at(2))] {
        let new = comments.next().map(|id| new_comment(id, &tickets[place]));
        let Some(comment) = new.transpose()? else { continue };
        create_comment(&*storage, comment_creation(hexdesk_domain::NewComment { time, ..comment })).await?;
        tickets[place].last_message_time = time.max(tickets[place].last_message_time);
        for filter in some_filters(&fixture) {
            expect_order(&*storage, fixture.shop.id, &filter, &tickets).await?;
        }
    }
    Ok(())
}

/// Filters that comments from the shop do not affect. Each matches some tickets.
pub(crate) fn some_filters(fixture: &ShopWithPeople) -> Vec<TicketFilter> {
    let all = TicketFilter::default();
    vec![
        TicketFilter { has_unread: Some(true), ..all.clone() },
        TicketFilter { assignees: vec![AssigneeFilter::User(fixture.user.id)], ..all.clone() },
        TicketFilter { assignees: vec![AssigneeFilter::Unassigned], ..all.clone() },
        TicketFilter { is_opened: Some(true), ..all.clone() },
        TicketFilter { customer_id: Some(fixture.customer.id), ..all.clone() },
        TicketFilter { tags: vec!["tag".into()], ..all.clone() },
        TicketFilter { channels: vec!["Mail".into()], has_unread: Some(false), ..all.clone() },
        TicketFilter { last_message_from: Some(at(0)), ..all.clone() },
        TicketFilter { date_before: Some(at(-5)), ..all.clone() },
        all,
    ]
}

/// Fails unless the tickets are listed in the order of lists.
async fn expect_order(
    storage: &dyn Storage,
    shop: ShopId,
    filter: &TicketFilter,
    tickets: &[Ticket],
) -> anyhow::Result<()> {
    let mut expected: Vec<_> = tickets.iter().filter(|ticket| filter.matches(ticket)).collect();
    expected.sort_by_key(|ticket| std::cmp::Reverse((ticket.last_message_time, ticket.id)));
    let expected: Vec<_> = expected.into_iter().map(place_of).collect();
    let listed: Vec<_> =
        whole_list(storage, shop, filter).await?.iter().map(|view| place_of(&view.ticket)).collect();
    same(&format!("the order of the list with {}", conditions_of(filter)), &listed, &expected)
}

/// Fails unless the list and the count are those of the tickets that match the filter.
pub(crate) async fn expect_list_and_count(
    storage: &dyn Storage,
    shop: ShopId,
    filter: &TicketFilter,
    tickets: &[Ticket],
) -> anyhow::Result<()> {
    expect_order(storage, shop, filter, tickets).await?;
    let expected = tickets.iter().filter(|ticket| filter.matches(ticket)).count();
    let count = storage.count_tickets(shop, filter.clone(), u64::MAX).await?;
    same(&format!("the count with {}", conditions_of(filter)), &count, &u64::try_from(expected)?)
}

/// TICKET-15: the pages hold every ticket once. Each page except the last is full.
pub async fn ticket_15_pages_hold_every_ticket_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    const COUNT: i64 = 14;
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let empty = ShopWithPeople::create(&*storage, "empty.example.com").await?;
    let other = ShopWithPeople::create(&*storage, "other.example.com").await?;
    // Groups of one and of several tickets with the same time.
    let of = |fixture: &ShopWithPeople, shift: i64| -> anyhow::Result<Vec<Ticket>> {
        (0..COUNT)
            .map(|index| {
                let time = [0, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 4, 5, 5][usize::try_from(index)?];
                Ok(Ticket {
                    last_message_time: at(time),
                    assigned_to: (index % 3 == 0).then_some(fixture.user.id),
                    is_opened: index % 5 < 2,
                    unread_count: i32::try_from(index % 2)?,
                    date: at(-index),
                    tags: vec!["tag".into(), "tag".into()],
                    // Some have more bytes than characters, or more than several others.
                    name: (index % 4 == 0).then(|| "日本".repeat(usize::from(index == 4) * 124 + 1)),
                    ..fixture.ticket(1 + shift + index * 5 % COUNT)?
                })
            })
            .collect()
    };
    create_all(&*storage, &of(&fixture, 0)?).await?;
    // Another shop's tickets are between them.
    create_all(&*storage, &of(&other, 3)?).await?;

    for filter in some_filters(&fixture) {
        let list = whole_list(&*storage, fixture.shop.id, &filter).await?;
        let length = u32::try_from(list.len())?;
        let by_entries = (1..=length + 2).chain([MAX_PAGE_ENTRIES]).map(PageSize::of);
        for size in by_entries.chain(sizes_by_bytes(&list)) {
            expect_pages(&*storage, fixture.shop.id, &filter, &list, size).await?;
            expect_pages(&*storage, empty.shop.id, &filter, &[], size).await?;
        }
        // After any position, whether or not a ticket has it.
        for time in [Timestamp::MIN, at(-1), at(0), at(1), at(2), at(3), at(5), at(6), Timestamp::MAX] {
            for id in [1, 5, 9, TicketId::MAX] {
                let after = TicketPosition { last_message_time: time, id: ticket_id(id)? };
                let rest = list.iter().filter(|view| place_of(&view.ticket) < (time, after.id));
                let rest: Vec<_> = rest.cloned().collect();
                let page =
                    storage.list_tickets(fixture.shop.id, filter.clone(), Some(after), PageSize::MAX).await?;
                same(&format!("the list after {after:?}"), &page, &Page { entries: rest, next: None })?;
            }
        }
    }

    // More tickets than a page holds.
    let many = ShopWithPeople::create(&*storage, "many.example.com").await?;
    let tickets = (1..=205)
        .map(|id| Ok(Ticket { last_message_time: at(id / 7), ..many.ticket(id)? }))
        .collect::<anyhow::Result<Vec<_>>>()?;
    create_all(&*storage, &tickets).await?;
    let list = whole_list(&*storage, many.shop.id, &TicketFilter::default()).await?;
    same("the length of the list", &list.len(), &tickets.len())?;
    for size in [MAX_PAGE_ENTRIES, MAX_PAGE_ENTRIES - 1, 41].map(PageSize::of) {
        expect_pages(&*storage, many.shop.id, &TicketFilter::default(), &list, size).await?;
    }

    // More bytes than a page of the largest size holds.
    let large = ShopWithPeople::create(&*storage, "large.example.com").await?;
    let message = "🦀".repeat(usize::try_from(MAX_MESSAGE_CHARS)?);
    let tickets = (1..=6)
        .map(|id| Ok(Ticket { last_message: Some(message.clone()), ..large.ticket(id)? }))
        .collect::<anyhow::Result<Vec<_>>>()?;
    create_all(&*storage, &tickets).await?;
    let list = whole_list(&*storage, large.shop.id, &TicketFilter::default()).await?;
    same("the length of a list of large tickets", &list.len(), &tickets.len())?;
    expect_pages(&*storage, large.shop.id, &TicketFilter::default(), &list, PageSize::MAX).await
}

/// Fails unless pages of this size together are the list.
async fn expect_pages(
    storage: &dyn Storage,
    shop: ShopId,
    filter: &TicketFilter,
    list: &[TicketView],
    size: PageSize,
) -> anyhow::Result<()> {
    for (after, expected) in pages_of(list, size, |view| view.ticket.position()) {
        let page = storage.list_tickets(shop, filter.clone(), after, size).await?;
        same(&format!("a page of {size:?} after {after:?}"), &page, &expected)?;
    }
    Ok(())
}

/// TICKET-16: a count is the length of the whole list of the same filter.
pub async fn ticket_16_count_is_the_lists_length(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    let fixture = ShopWithPeople::create(&*storage, "shop.example.com").await?;
    let other = ShopWithPeople::create(&*storage, "other.example.com").await?;
    for fixture in [&fixture, &other] {
        for filter in some_filters(fixture) {
            same(
                "the count without tickets",
                &storage.count_tickets(fixture.shop.id, filter, u64::MAX).await?,
                &0,
            )?;
        }
    }
    let mut tickets = Vec::new();
    for id in 1..=120 {
        tickets.push(Ticket {
            last_message_time: at(id % 9 - 4),
            date: at(-id % 11),
            assigned_to: (id % 3 == 0).then_some(fixture.user.id),
            is_opened: id % 5 < 2,
            unread_count: i32::try_from(id % 4)?,
            // A ticket counts once, even if it has the tag several times.
            tags: ["tag"; 3].map(Into::into)[..usize::try_from(id % 4)?].to_vec(),
            channel: if id % 2 == 0 { "Mail".into() } else { "Website".into() },
            ..fixture.ticket(id)?
        });
    }
    create_all(&*storage, &tickets).await?;
    let of_other: Vec<_> = (1..=7)
        .map(|id| Ok(Ticket { tags: vec!["tag".into()], ..other.ticket(id)? }))
        .collect::<anyhow::Result<_>>()?;
    create_all(&*storage, &of_other).await?;
    for filter in some_filters(&fixture) {
        let length = whole_list(&*storage, fixture.shop.id, &filter).await?.len();
        let expected = tickets.iter().filter(|ticket| filter.matches(ticket)).count();
        ensure!(expected > 0, "the kit counts nothing with {}", conditions_of(&filter));
        same(&format!("the length of the list with {}", conditions_of(&filter)), &length, &expected)?;
        let count = storage.count_tickets(fixture.shop.id, filter.clone(), u64::MAX).await?;
        let expected = u64::try_from(expected)?;
        same(&format!("the count with {}", conditions_of(&filter)), &count, &expected)?;
        for at_most in [0, 1, expected, expected + 1] {
            let count = storage.count_tickets(fixture.shop.id, filter.clone(), at_most).await?;
            let which = format!("the count with {}, at most {at_most}", conditions_of(&filter));
            same(&which, &count, &expected.min(at_most))?;
        }
    }
    let nobodys = storage.count_tickets(
        fixture.shop.id,
        TicketFilter { tags: vec!["no such tag".into()], ..TicketFilter::default() },
        u64::MAX,
    );
    same("the count with a tag that no ticket has", &nobodys.await?, &0)?;
    let of_other = storage.count_tickets(other.shop.id, TicketFilter::default(), u64::MAX).await?;
    same("the count of the other shop", &of_other, &7)?;
    // A refused ticket is never counted. A created one is counted at once.
    create_ticket(&*storage, creation(other.ticket_of_nobody(8)?)).await?;
    let of_other = storage.count_tickets(other.shop.id, TicketFilter::default(), u64::MAX).await?;
    same("the count after a refusal", &of_other, &7)?;
    create_ticket(&*storage, creation(other.ticket(9)?)).await?;
    let of_other = storage.count_tickets(other.shop.id, TicketFilter::default(), u64::MAX).await?;
    same("the count after a creation", &of_other, &8)
}

/// The conditions of a filter, for messages.
fn conditions_of(filter: &TicketFilter) -> String {
    let shown = format!("{filter:?}");
    let (name, fields) = shown.split_once(" { ").unwrap_or((&shown, ""));
    let fields = fields.strip_suffix(" }").unwrap_or(fields);
    let there: Vec<_> = fields.split(", ").filter(|field| !field.ends_with(": None")).collect();
    format!("{name} {{ {} }}", there.join(", "))
}

/// The sort key of a list, largest first.
fn place_of(ticket: &Ticket) -> (Timestamp, TicketId) {
    (ticket.last_message_time, ticket.id)
}

/// Creates tickets, which must be new.
pub(crate) async fn create_all(storage: &dyn Storage, tickets: &[Ticket]) -> anyhow::Result<()> {
    let batch: Vec<_> = tickets.iter().cloned().map(creation).collect();
    let expected = vec![CreateTicketOutcome::Created; batch.len()];
    expect_outcomes(storage, "a batch of new tickets", batch, &expected).await
}

/// Returns the whole list, read in pages of the largest size.
pub(crate) async fn whole_list(
    storage: &dyn Storage,
    shop: ShopId,
    filter: &TicketFilter,
) -> anyhow::Result<Vec<TicketView>> {
    let mut list = Vec::new();
    let mut after = None;
    // Far more pages than any case fills. A list that never ends is a failure.
    for _ in 0..100 {
        let page = storage.list_tickets(shop, filter.clone(), after, PageSize::MAX).await?;
        list.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return Ok(list);
        }
    }
    anyhow::bail!("the list with {} does not end", conditions_of(filter))
}

/// The tickets as `find_ticket` returns them.
async fn found(storage: &dyn Storage, tickets: &[Ticket]) -> anyhow::Result<Vec<TicketView>> {
    let mut views = Vec::new();
    for ticket in tickets {
        let view = storage.find_ticket(ticket.shop_id, ticket.id).await?;
        views.push(view.context("a created ticket is not found")?);
    }
    Ok(views)
}

/// Fails unless the list holds exactly these tickets, in any order.
async fn expect_list(
    storage: &dyn Storage,
    what: &str,
    shop: ShopId,
    filter: &TicketFilter,
    mut expected: Vec<TicketView>,
) -> anyhow::Result<()> {
    let mut list = whole_list(storage, shop, filter).await?;
    list.sort_by_key(|view| view.ticket.id);
    expected.sort_by_key(|view| view.ticket.id);
    let ids = |views: &[TicketView]| -> Vec<_> { views.iter().map(|view| view.ticket.id).collect() };
    let what = format!("{what}, with {}", conditions_of(filter));
    same(&format!("{what}: the ids listed"), &ids(&list), &ids(&expected))?;
    same(&what, &list, &expected)
}
