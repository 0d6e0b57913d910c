//! The order of results, and their pages.

use anyhow::ensure;
use hexdesk_domain::limits::MAX_PAGE_ENTRIES;
use hexdesk_domain::{
    Customer, NewCustomer, Page, PageSize, SearchPosition, ShopId, Storage, Ticket, TicketId, TicketPosition,
    TicketView, Timestamp,
};

use super::{answer, page, silent_customer};
use crate::cases::ticket_lists::create_all;
use crate::comparison::same;
use crate::pages::{pages_of, sizes_by_bytes};
use crate::samples::{
    at, comment_creation, create_comment, create_customer, create_shop, customer_by_phone_number,
    extreme_times, find_ticket, new_comment, plain_ticket, ticket_id,
};

/// The places of a word: the name, the customer's texts, the messages.
type Places = [bool; 3];

/// The rank of a word found in these places.
fn rank_of(places: Places) -> Option<u32> {
    match places {
        [true, _, _] => Some(4),
        [false, true, _] => Some(2),
        [false, false, true] => Some(1),
        [false, false, false] => None,
    }
}

const ALPHA: &str = "alpha";
const BETA: &str = "beta";

/// A ticket, with the places of the two words.
struct Placed {
    ticket: Ticket,
    alpha: Places,
    beta: Places,
}

/// Creates a ticket for each way to place two words. The times and ids do not depend on the ranks.
async fn placed(storage: &dyn Storage, domain: &str) -> anyhow::Result<(ShopId, Vec<Placed>)> {
    let shop = create_shop(storage, domain).await?.id;
    let mut customers = Vec::new();
    for (full_name, number) in [None, Some(ALPHA), Some(BETA), Some("beta alpha beta")].into_iter().zip(1..) {
        let full_name = full_name.map(Into::into);
        let new = NewCustomer { full_name, ..customer_by_phone_number(&"+".repeat(number)) };
        customers.push(create_customer(storage, shop, new).await?);
    }
    let mut tickets = Vec::new();
    for index in 0..64_i64 {
        let is_set = |bit: i64| index >> bit & 1 == 1;
        let (alpha, beta) = ([0, 1, 2].map(is_set), [3, 4, 5].map(is_set));
        let customer = &customers[usize::from(alpha[1]) + 2 * usize::from(beta[1])];
        let text = |place: usize| {
            let words = [(alpha[place], ALPHA), (beta[place], BETA)];
            let words = words.into_iter().filter(|(is_there, _)| *is_there).map(|(_, word)| word);
            words.collect::<Vec<_>>().join(" ")
        };
        // Some of the messages are comments. Some comments repeat the word, which does not raise
        // the rank.
        let is_comment = index % 3 == 0;
        let ticket = Ticket {
            name: Some(text(0)),
            last_message: Some(if is_comment { String::new() } else { text(2) }),
            last_message_time: at(index * 29 % 7),
            ..plain_ticket(ticket_id(1 + index * 37 % 64)?, customer)
        };
        create_all(storage, std::slice::from_ref(&ticket)).await?;
        for comment in 0..i64::from(is_comment) * (1 + index % 4) {
            let comment = hexdesk_domain::NewComment {
                text: text(2),
                time: Timestamp::MIN,
                ..new_comment(index * 10 + comment + 1, &ticket)?
            };
            create_comment(storage, comment_creation(comment)).await?;
        }
        tickets.push(Placed { ticket, alpha, beta });
    }
    Ok((shop, tickets))
}

/// The rank of a ticket in a query.
type Ranking = fn(&Placed) -> Option<u32>;

const QUERIES: &[(&str, Ranking)] = &[
    ("alpha", |it| rank_of(it.alpha)),
    ("beta", |it| rank_of(it.beta)),
    ("al*", |it| rank_of(it.alpha)),
    ("alpha beta", |it| Some(rank_of(it.alpha)? + rank_of(it.beta)?)),
    ("bet* alp*", |it| Some(rank_of(it.alpha)? + rank_of(it.beta)?)),
    // A word and its prefixes are different terms.
    ("alpha alpha* a*", |it| Some(rank_of(it.alpha)? * 3)),
    ("beta* alpha beta", |it| Some(rank_of(it.alpha)? + rank_of(it.beta)? * 2)),
    // The same word again is not another term.
    ("alpha ALPHA álpha", |it| rank_of(it.alpha)),
];

fn position(rank: u32, ticket: &Ticket) -> SearchPosition {
    let ticket = TicketPosition { last_message_time: ticket.last_message_time, id: ticket.id };
    SearchPosition { rank, ticket }
}

/// The sort key of results, largest first.
fn order(position: &SearchPosition) -> (u32, Timestamp, TicketId) {
    (position.rank, position.ticket.last_message_time, position.ticket.id)
}

fn in_order(tickets: &[Placed], ranking: Ranking) -> Vec<SearchPosition> {
    let ranked = tickets.iter().filter_map(|it| Some(position(ranking(it)?, &it.ticket)));
    let mut positions: Vec<_> = ranked.collect();
    positions.sort_by_key(|position| std::cmp::Reverse(order(position)));
    positions
}

/// A word in the name counts 4, else in the customer's texts 2, else in a message 1.
pub(super) async fn is_by_rank(storage: &dyn Storage) -> anyhow::Result<()> {
    let (shop, tickets) = placed(storage, "ranks.example.com").await?;
    for (query, ranking) in QUERIES {
        let expected = in_order(&tickets, *ranking);
        let ids: Vec<_> = expected.iter().map(|position| position.ticket.id).collect();
        ensure!(ids.len() > 40, "the kit ranks too few by {query:?}");
        let answered = answer(storage, shop, query).await?;
        let answered: Vec<_> = answered.iter().map(|view| view.ticket.id).collect();
        same(&format!("the order of the results for {query:?}"), &answered, &ids)?;
        // The positions show the ranks.
        let mut after = None;
        for place in &expected {
            let page = page(storage, shop, query, after, PageSize::of(1)).await?;
            same(
                &format!("the tickets after {after:?}"),
                &page.entries.iter().map(|view| view.ticket.id).collect(),
                &vec![place.ticket.id],
            )?;
            let next = expected.last().filter(|last| *last != place).map(|_| *place);
            same(&format!("the position of a ticket found by {query:?}"), &page.next, &next)?;
            after = page.next;
        }
    }
    Ok(())
}

/// Creates tickets with the word in their names, two for each of these times.
async fn of_equal_ranks(
    storage: &dyn Storage,
    customer: &Customer,
    times: &[Timestamp],
) -> anyhow::Result<Vec<Ticket>> {
    // Ids whose numeric order differs from their order as texts and as doubles. They are not in the
    // order of times.
    let ids = (0..).map(|index: i64| match index % 4 {
        0 => 10 + index * 37 % 211,
        1 => 1_000_000 - index,
        2 => TicketId::MAX - index,
        _ => (1 << 53) + index * 5 % 211,
    });
    let mut tickets = Vec::new();
    for ((time, id), index) in times.iter().chain(times.iter().rev()).zip(ids).zip(0..) {
        tickets.push(Ticket {
            name: Some(ALPHA.repeat(1 + index % 2) + " alpha"),
            last_message_time: *time,
            ..plain_ticket(ticket_id(id)?, customer)
        });
    }
    create_all(storage, &tickets).await?;
    Ok(tickets)
}

async fn expect_order_of_lists(
    storage: &dyn Storage,
    shop: ShopId,
    tickets: &[Ticket],
) -> anyhow::Result<()> {
    let mut expected: Vec<_> = tickets.iter().map(|it| (it.last_message_time, it.id)).collect();
    expected.sort_unstable_by(|one, other| other.cmp(one));
    let answered = answer(storage, shop, ALPHA).await?;
    let places: Vec<_> =
        answered.iter().map(|view| (view.ticket.last_message_time, view.ticket.id)).collect();
    same("the order of equal ranks", &places, &expected)
}

pub(super) async fn of_equal_ranks_is_that_of_lists(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "equal.example.com").await?.id;
    let customer = silent_customer(storage, shop, 1).await?;
    let mut times = extreme_times();
    times.extend([at(1), at(0), at(1), at(1)]);
    let mut tickets = of_equal_ranks(storage, &customer, &times).await?;
    expect_order_of_lists(storage, shop, &tickets).await?;
    // A comment moves a ticket to its new position.
    for (place, time, id) in [(3, at(500), 1), (7, at(500), 2), (0, Timestamp::MAX, 3), (9, at(2), 4)] {
        let comment = hexdesk_domain::NewComment { time, ..new_comment(id, &tickets[place])? };
        create_comment(storage, comment_creation(comment)).await?;
        tickets[place].last_message_time = time.max(tickets[place].last_message_time);
        expect_order_of_lists(storage, shop, &tickets).await?;
    }
    Ok(())
}

pub(super) async fn pages_hold_every_ticket_once(storage: &dyn Storage) -> anyhow::Result<()> {
    let (shop, tickets) = placed(storage, "pages.example.com").await?;
    // The other shop has the same ids and times.
    placed(storage, "others.example.com").await?;
    for (query, ranking) in [QUERIES[0], QUERIES[4]] {
        let places = in_order(&tickets, ranking);
        let mut list = Vec::new();
        for place in &places {
            list.push((*place, find_ticket(storage, shop, place.ticket.id).await?));
        }
        let length = u32::try_from(list.len())?;
        let views: Vec<_> = list.iter().map(|(_, view)| view.clone()).collect();
        let limits = [1, 2, 3, 7, length / 2, length - 1, length, length + 1, MAX_PAGE_ENTRIES];
        for size in limits.map(PageSize::of).into_iter().chain(sizes_by_bytes(&views)) {
            expect_pages(storage, shop, query, &list, size).await?;
        }
        // After any position, whether or not a ticket has it.
        for rank in (0..=9).chain([u32::MAX]) {
            for time in [Timestamp::MIN, at(-1), at(0), at(3), at(6), Timestamp::MAX] {
                for id in [1, 30, 64, TicketId::MAX] {
                    let ticket = TicketPosition { last_message_time: time, id: ticket_id(id)? };
                    let after = SearchPosition { rank, ticket };
                    let rest = list.iter().filter(|(place, _)| order(place) < order(&after));
                    let rest = rest.map(|(_, view)| view.clone()).collect();
                    let page = page(storage, shop, query, Some(after), PageSize::MAX).await?;
                    same(
                        &format!("the results after {after:?}"),
                        &page,
                        &Page { entries: rest, next: None },
                    )?;
                }
            }
        }
    }
    for size in [PageSize::of(1), PageSize::MAX] {
        expect_pages(storage, shop, "gamma", &[], size).await?;
        expect_pages(storage, shop, "alpha gamma", &[], size).await?;
    }
    Ok(())
}

/// More tickets than a page holds, of one rank and mostly of one time.
pub(super) async fn answers_fill_many_pages(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "many.example.com").await?.id;
    let customer = silent_customer(storage, shop, 1).await?;
    let mut times = vec![at(5); 90];
    times.extend((0..12).map(at));
    let mut tickets = of_equal_ranks(storage, &customer, &times).await?;
    tickets.sort_by_key(|ticket| std::cmp::Reverse((ticket.last_message_time, ticket.id)));
    let mut list = Vec::new();
    for ticket in &tickets {
        list.push((position(4, ticket), find_ticket(storage, shop, ticket.id).await?));
    }
    for size in [MAX_PAGE_ENTRIES, MAX_PAGE_ENTRIES - 1, 51].map(PageSize::of) {
        expect_pages(storage, shop, ALPHA, &list, size).await?;
        expect_pages(storage, shop, "alph*", &list, size).await?;
    }
    Ok(())
}

/// Fails unless pages of this size together are the list.
async fn expect_pages(
    storage: &dyn Storage,
    shop: ShopId,
    query: &str,
    list: &[(SearchPosition, TicketView)],
    size: PageSize,
) -> anyhow::Result<()> {
    let views: Vec<_> = list.iter().map(|(_, view)| view.clone()).collect();
    let position = |view: &TicketView| {
        list.iter().find(|(_, there)| there.ticket.id == view.ticket.id).map(|(position, _)| *position)
    };
    for (after, Page { entries, next }) in pages_of(&views, size, position) {
        let page = page(storage, shop, query, after.flatten(), size).await?;
        let what = format!("a page of {size:?} found by {query:?} after {after:?}");
        same(&what, &page, &Page { entries, next: next.flatten() })?;
    }
    Ok(())
}
