//! The lists, counts and searches of a storage, and the limits of their reads.

mod figures;
mod people;
mod rest;
mod tickets;
mod webhooks;

use hexdesk_domain::ports::Storage;
use hexdesk_domain::{
    CommentPosition, CustomerFilter, CustomerId, EventPosition, KeyNumber, PageSize, SearchPosition,
    SearchQuery, ShopId, TicketFilter, TicketId, TicketPosition, Timestamp, UserFilter, UserId,
};

/// The number of entries on a page.
const LIMIT: u32 = 50;

/// A list, a count or a search.
#[derive(Clone)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) call: Call,
    /// How much of its shop the call may read.
    pub(crate) reads: Reads,
    /// The conditions by which SQLite enters an index.
    pub(crate) enters: String,
    /// The same, once SQLite knows how many rows meet the conditions.
    pub(crate) enters_analyzed: String,
    /// Whether the call finds nothing.
    pub(crate) finds_nothing: bool,
}

impl Listed {
    fn new(name: impl Into<String>, call: Call, reads: Reads, enters: impl Into<String>) -> Self {
        let (name, enters) = (name.into(), enters.into());
        Self { name, call, reads, enters_analyzed: enters.clone(), enters, finds_nothing: false }
    }

    /// Sets the conditions of a better index, which SQLite uses after ANALYZE.
    fn analyzed(self, enters: impl Into<String>) -> Self {
        Self { enters_analyzed: enters.into(), ..self }
    }

    /// Marks a call that finds nothing.
    fn nothing(self) -> Self {
        Self { finds_nothing: true, ..self }
    }
}

/// A call of a storage.
#[derive(Clone)]
pub(crate) enum Call {
    ListTickets(TicketFilter, Option<TicketPosition>),
    /// At most this many.
    CountTickets(TicketFilter, u64),
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
    Webhook(webhooks::WebhookCall),
    Figures(figures::FigureCall),
}

impl Call {
    /// Makes the call, and returns the number of entries that it listed or counted.
    pub(crate) async fn run(self, storage: &dyn Storage, shop: ShopId) -> u64 {
        let ticket = TicketId::new(1).unwrap();
        let listed = match self {
            Self::ListTickets(filter, after) => {
                storage.list_tickets(shop, filter, after, PageSize::of(LIMIT)).await.unwrap().entries.len()
            }
            Self::ListComments(after) => {
                let page = storage.list_comments(shop, ticket, after, PageSize::of(LIMIT)).await.unwrap();
                page.unwrap().entries.len()
            }
            Self::ListCustomers(filter, after) => {
                storage.list_customers(shop, filter, after, PageSize::of(LIMIT)).await.unwrap().entries.len()
            }
            Self::ListUsers(filter, after) => {
                storage.list_users(shop, filter, after, PageSize::of(LIMIT)).await.unwrap().entries.len()
            }
            Self::ListKeys(after) => {
                storage.list_keys(shop, after, PageSize::of(LIMIT)).await.unwrap().entries.len()
            }
            Self::ListEvents(after) => storage
                .list_events(shop, Default::default(), after, PageSize::of(LIMIT))
                .await
                .unwrap()
                .unwrap()
                .entries
                .len(),
            Self::SearchTickets(query, after) => {
                let query = SearchQuery::parse(query).unwrap();
                storage.search_tickets(shop, query, after, PageSize::of(LIMIT)).await.unwrap().entries.len()
            }
            Self::Webhook(call) => return call.run(storage, shop).await,
            Self::Figures(call) => return call.run(storage, shop).await,
            Self::CountTickets(filter, at_most) => {
                return storage.count_tickets(shop, filter, at_most).await.unwrap();
            }
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

/// How much a call may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    /// A page, with the rows that belong to its entries.
    Page,
    /// The entries that are read for a page, if a condition keeps one of this many.
    OneOf(u64),
    /// One of this many parts of the shop's rows.
    Part(u64),
    /// All rows of the shop.
    All,
}

impl Reads {
    /// The maximum number of table rows and index entries, in a shop with `size` rows of each kind.
    pub(crate) fn most(self, size: u64) -> u64 {
        let entries = u64::from(LIMIT) + 1;
        // Each entry has a customer, an assignee and a human ticket. The rest is for data so small
        // that every plan is equally good, such as all users of a small shop.
        let page = 4 * entries + 500;
        match self {
            Self::Page => page,
            // Rare entries are not evenly distributed.
            Self::OneOf(entry) => page + 2 * entries * entry,
            // An index may be read before its table.
            Self::Part(part) => page + 2 * size / part,
            Self::All => page + 2 * size,
        }
    }
}

/// All calls, for data with times spread over this many seconds.
pub(crate) fn calls(seconds: u64) -> Vec<Listed> {
    [
        tickets::calls(seconds),
        people::calls(),
        rest::calls(seconds),
        webhooks::calls(seconds),
        figures::calls(),
    ]
    .concat()
}

/// The time this many seconds after the first.
fn second(number: u64) -> Timestamp {
    let begins = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    begins.saturating_add_millis(i64::try_from(number).unwrap() * 1_000)
}
