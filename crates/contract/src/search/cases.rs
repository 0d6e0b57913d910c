//! The obligations of [`SearchStore`](hexdesk_domain::SearchStore).

mod changes;
mod details;
mod long_texts;
mod order;
mod places;
mod words;

use std::sync::Arc;

use anyhow::{Context, ensure};
use hexdesk_domain::{
    Customer, Page, PageSize, SearchPosition, SearchQuery, ShopId, Storage, Ticket, TicketView,
};

use crate::cases::ticket_lists::create_all;
use crate::comparison::same;
use crate::samples::{
    comment_creation, create_comment, create_customer, customer_by_phone_number, find_ticket, new_comment,
    plain_ticket, ticket_id,
};

/// SEARCH-1: exactly the shop's tickets in which every term is found, in any of their texts.
pub async fn search_1_finds_every_term(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    places::every_place_is_searched(&*storage).await?;
    places::addresses_are_found_by_their_parts(&*storage).await?;
    places::terms_may_be_in_different_places(&*storage).await?;
    places::nothing_else_is_searched(&*storage).await?;
    places::shops_are_apart(&*storage).await?;
    words::are_the_same_in_every_place(&*storage).await?;
    words::may_be_as_many_as_a_query_holds(&*storage).await?;
    long_texts::are_searched_up_to_the_limits(&*storage).await
}

/// SEARCH-2: in order of rank, then in the order of lists of tickets.
pub async fn search_2_answer_is_in_order_of_rank(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    order::is_by_rank(&*storage).await?;
    order::of_equal_ranks_is_that_of_lists(&*storage).await
}

/// SEARCH-3: the pages hold every ticket once. Each page except the last is full.
pub async fn search_3_pages_hold_every_ticket_once(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    order::pages_hold_every_ticket_once(&*storage).await?;
    order::answers_fill_many_pages(&*storage).await
}

/// SEARCH-4: new texts are found, replaced and deleted ones are not.
pub async fn search_4_follows_every_change(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    changes::of_names(&*storage).await?;
    changes::of_messages(&*storage).await?;
    changes::of_customers(&*storage).await?;
    changes::of_what_is_gone(&*storage).await?;
    changes::that_are_refused(&*storage).await
}

/// SEARCH-5: tags, contact reasons, thread ids and e-mail addresses of tickets are found.
pub async fn search_5_finds_details_of_tickets(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    details::of_tickets_are_searched(&*storage).await
}

/// SEARCH-6: tickets are found by their ids.
pub async fn search_6_finds_ids(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    details::ids_are_searched(&*storage).await
}

/// SEARCH-7: subjects, senders and names of attachments of comments are found.
pub async fn search_7_finds_details_of_comments(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    details::of_comments_are_searched(&*storage).await
}

/// SEARCH-8: HTML messages are found by their text.
pub async fn search_8_finds_the_text_of_html(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    details::html_is_searched_by_its_text(&*storage).await
}

/// SEARCH-9: customers are found by their ids in other systems and by all spellings of their phone
/// number.
pub async fn search_9_finds_ids_and_numbers_of_customers(storage: Arc<dyn Storage>) -> anyhow::Result<()> {
    details::of_customers_are_searched(&*storage).await
}

/// Creates a customer without searchable words.
async fn silent_customer(storage: &dyn Storage, shop: ShopId, number: usize) -> anyhow::Result<Customer> {
    create_customer(storage, shop, customer_by_phone_number(&"+".repeat(number))).await
}

/// The searched texts of a ticket.
#[derive(Debug, Clone, Copy, Default)]
struct Texts<'a> {
    name: Option<&'a str>,
    first_message: Option<&'a str>,
    comments: &'a [&'a str],
}

/// Creates a ticket of the customer, with its comments.
async fn write(storage: &dyn Storage, customer: &Customer, id: i64, texts: Texts<'_>) -> anyhow::Result<()> {
    let ticket = Ticket {
        name: texts.name.map(Into::into),
        last_message: texts.first_message.map(Into::into),
        // Without searchable words.
        channel: "#".to_owned(),
        ..plain_ticket(ticket_id(id)?, customer)
    };
    create_all(storage, std::slice::from_ref(&ticket)).await?;
    for (text, place) in texts.comments.iter().zip(0..) {
        comment(storage, &ticket, id * 100 + place, text).await?;
    }
    Ok(())
}

/// Adds a comment with this text and id, later than the ticket.
async fn comment(storage: &dyn Storage, ticket: &Ticket, id: i64, text: &str) -> anyhow::Result<()> {
    let comment = hexdesk_domain::NewComment { text: text.to_owned(), ..new_comment(id, ticket)? };
    create_comment(storage, comment_creation(comment)).await.map(drop)
}

fn query(text: &str) -> anyhow::Result<SearchQuery> {
    SearchQuery::parse(text).with_context(|| format!("{text:?} as a query"))
}

/// A page of the results.
async fn page(
    storage: &dyn Storage,
    shop: ShopId,
    text: &str,
    after: Option<SearchPosition>,
    size: PageSize,
) -> anyhow::Result<Page<TicketView, SearchPosition>> {
    ensure!(storage.capabilities().text_search, "the store lacks it: name it in `without: [text_search]`");
    Ok(storage.search_tickets(shop, query(text)?, after, size).await?)
}

/// Returns all results, read in pages of the largest size.
async fn answer(storage: &dyn Storage, shop: ShopId, text: &str) -> anyhow::Result<Vec<TicketView>> {
    let mut answer = Vec::new();
    let mut after = None;
    // Far more pages than any case fills. Results that never end are a failure.
    for _ in 0..100 {
        let page = page(storage, shop, text, after, PageSize::MAX).await?;
        answer.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return Ok(answer);
        }
    }
    anyhow::bail!("the results for {text:?} do not end")
}

/// The ids of the tickets found, smallest first.
async fn found(storage: &dyn Storage, shop: ShopId, text: &str) -> anyhow::Result<Vec<i64>> {
    let mut ids = Vec::new();
    for view in answer(storage, shop, text).await? {
        let stored = find_ticket(storage, shop, view.ticket.id).await?;
        same(&format!("a ticket found by {text:?}"), &view, &stored)?;
        ids.push(view.ticket.id.get());
    }
    ids.sort_unstable();
    Ok(ids)
}

/// Fails unless exactly these tickets are found, each once.
async fn expect_found(
    storage: &dyn Storage,
    shop: ShopId,
    text: &str,
    expected: &[i64],
) -> anyhow::Result<()> {
    let found = found(storage, shop, text).await?;
    same(&format!("the tickets found by {text:?}"), &found.as_slice(), &expected)
}
