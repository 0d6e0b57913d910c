//! The lists, counts and searches of a storage, and what each may read.

mod people;
mod rest;
mod tickets;

use hexdesk_domain::ports::Storage;
use hexdesk_domain::{
    CommentPosition, CustomerFilter, CustomerId, EventPosition, KeyNumber, SearchPosition, SearchQuery,
    ShopId, TicketFilter, TicketId, TicketPosition, Timestamp, UserFilter, UserId,
};

/// Entries of a page.
const LIMIT: u32 = 50;

/// A list, a count or a search.
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) call: Call,
    /// Of the shop that it is made in.
    pub(crate) reads: Reads,
    /// By which conditions an index is entered, as SQLite tells.
    pub(crate) enters: String,
    /// The same, once SQLite knows how many rows meet them.
    pub(crate) enters_analyzed: String,
    /// Whether there is nothing to be found.
    pub(crate) finds_nothing: bool,
}

impl Listed {
    fn new(name: impl Into<String>, call: Call, reads: Reads, enters: impl Into<String>) -> Self {
        let (name, enters) = (name.into(), enters.into());
        Self { name, call, reads, enters_analyzed: enters.clone(), enters, finds_nothing: false }
    }

    /// One for which SQLite comes to know a better index.
    fn analyzed(self, enters: impl Into<String>) -> Self {
        Self { enters_analyzed: enters.into(), ..self }
    }

    /// One that is to find nothing.
    fn nothing(self) -> Self {
        Self { finds_nothing: true, ..self }
    }
}

/// What is asked of a storage.
#[derive(Clone)]
pub(crate) enum Call {
    ListTickets(TicketFilter, Option<TicketPosition>),
    CountTickets(TicketFilter),
    /// Of ticket 1.
    ListComments(Option<CommentPosition>),
    /// Of ticket 1.
    CountComments,
    ListCustomers(CustomerFilter, Option<CustomerId>),
    CountCustomers(CustomerFilter),
    ListUsers(UserFilter, Option<UserId>),
    CountUsers(UserFilter),
    ListKeys(Option<KeyNumber>),
    CountKeys,
    ListEvents(Option<EventPosition>),
    SearchTickets(&'static str, Option<SearchPosition>),
    RemoveIdempotencyRecords(Timestamp),
    RemoveEvents(Timestamp),
}

impl Call {
    /// Makes the call, and answers how many entries came or were counted.
    pub(crate) async fn run(self, storage: &dyn Storage, shop: ShopId) -> u64 {
        let ticket = TicketId::new(1).unwrap();
        let listed = match self {
            Self::ListTickets(filter, after) => {
                storage.list_tickets(shop, filter, after, LIMIT).await.unwrap().entries.len()
            }
            Self::ListComments(after) => {
                let page = storage.list_comments(shop, ticket, after, Some(LIMIT)).await.unwrap();
                page.unwrap().entries.len()
            }
            Self::ListCustomers(filter, after) => {
                storage.list_customers(shop, filter, after, LIMIT).await.unwrap().entries.len()
            }
            Self::ListUsers(filter, after) => {
                storage.list_users(shop, filter, after, LIMIT).await.unwrap().entries.len()
            }
            Self::ListKeys(after) => storage.list_keys(shop, after, LIMIT).await.unwrap().entries.len(),
            Self::ListEvents(after) => storage.list_events(shop, after, LIMIT).await.unwrap().entries.len(),
            Self::SearchTickets(query, after) => {
                let query = SearchQuery::parse(query).unwrap();
                storage.search_tickets(shop, query, after, LIMIT).await.unwrap().unwrap().entries.len()
            }
            Self::CountTickets(filter) => return storage.count_tickets(shop, filter).await.unwrap(),
            Self::CountComments => return storage.count_comments(shop, ticket).await.unwrap().unwrap(),
            Self::CountCustomers(filter) => return storage.count_customers(shop, filter).await.unwrap(),
            Self::CountUsers(filter) => return storage.count_users(shop, filter).await.unwrap(),
            Self::CountKeys => return storage.count_keys(shop).await.unwrap(),
            Self::RemoveIdempotencyRecords(before) => {
                return storage.remove_idempotency_records(before, LIMIT).await.unwrap();
            }
            Self::RemoveEvents(before) => return storage.remove_events(shop, before, LIMIT).await.unwrap(),
        };
        listed.try_into().unwrap()
    }
}

/// How much of a list a call may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    /// A page, with what belongs to its entries.
    Page,
    /// The entries among which a condition finds those of a page: it keeps one of so many.
    OneOf(u64),
    /// One of so many parts of what the shop has.
    Part(u64),
    /// Whatever the shop has.
    All,
}

impl Reads {
    /// The most rows of tables and entries of indexes, in a shop with so many of each thing.
    pub(crate) fn most(self, size: u64) -> u64 {
        let entries = u64::from(LIMIT) + 1;
        // Each with its customer, assignee and human ticket; and what is so little that one
        // way to it is as good as another, such as all users of a small shop.
        let page = 4 * entries + 500;
        match self {
            Self::Page => page,
            // What is rare comes sooner here and later there.
            Self::OneOf(entry) => page + 2 * entries * entry,
            // An index may be read before its table is.
            Self::Part(part) => page + 2 * size / part,
            Self::All => page + 2 * size,
        }
    }
}

/// All of them, where times are spread over so many seconds.
pub(crate) fn calls(seconds: u64) -> Vec<Listed> {
    [tickets::calls(seconds), people::calls(), rest::calls(seconds)].into_iter().flatten().collect()
}

/// So many seconds after the first.
fn second(number: u64) -> Timestamp {
    let begins = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    begins.saturating_add_millis(i64::try_from(number).unwrap() * 1_000)
}
