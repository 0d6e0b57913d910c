//! Tickets (conversations) and the human tickets they open.

use crate::{Customer, CustomerId, HumanTicketId, ShopId, TicketId, Timestamp, User, UserId};

/// A conversation between a customer and a shop, complete and within every limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// The shop it belongs to.
    pub shop_id: ShopId,
    /// The customer it is with; of the same shop.
    pub customer_id: CustomerId,
    /// Where it runs: `Mail`, `Website`, … (an open list).
    pub channel: String,
    /// Subject.
    pub name: Option<String>,
    /// The thread it continues, for e-mail.
    pub thread_id: Option<String>,
    /// The address it is held through.
    pub email_used: Option<String>,
    /// When it took place.
    pub date: Timestamp,
    /// The latest message, or the first.
    pub last_message: Option<String>,
    /// When that message was written.
    pub last_message_time: Timestamp,
    /// What the customer wants.
    pub contact_reason: Option<String>,
    /// The user who takes care of it; of the same shop.
    pub assigned_to: Option<UserId>,
    /// Whether a person is to handle it. A ticket that is created open opens a
    /// [`HumanTicket`] with it.
    pub is_opened: bool,
    /// Messages that nobody of the shop has read, 0 to [`limits::MAX_UNREAD_COUNT`](crate::limits::MAX_UNREAD_COUNT).
    pub unread_count: i32,
    /// Tags, in the order given.
    pub tags: Vec<String>,
    /// Language tag as given (`en`, `pt-BR`, `pt_BR`).
    pub language_code: Option<String>,
    /// What made it.
    pub via: Option<String>,
    /// 1 when it is created; whatever changes the ticket raises it.
    pub version: i64,
}

/// The request that a person handle a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HumanTicket {
    /// Its number within the shop.
    pub id: HumanTicketId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was closed; it waits for a person until then.
    pub closed_at: Option<Timestamp>,
}

/// A ticket with the people it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketView {
    /// The ticket.
    pub ticket: Ticket,
    /// Its customer.
    pub customer: Customer,
    /// The user it is assigned to.
    pub assignee: Option<User>,
    /// The human ticket it opened.
    pub human_ticket: Option<HumanTicket>,
}
