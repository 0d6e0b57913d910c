use crate::{Customer, CustomerId, HumanTicketId, ShopId, TicketId, TicketPosition, Timestamp, User, UserId};

/// A conversation between a customer and a shop. It is complete and keeps every limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// The shop it belongs to.
    pub shop_id: ShopId,
    /// The customer, of the same shop.
    pub customer_id: CustomerId,
    /// The medium: `Mail`, `Website`, … (an open list).
    pub channel: String,
    /// Subject.
    pub name: Option<String>,
    /// The e-mail thread it continues.
    pub thread_id: Option<String>,
    /// The shop's address that received it.
    pub email_used: Option<String>,
    /// When it took place.
    pub date: Timestamp,
    /// The latest message, or the first.
    pub last_message: Option<String>,
    /// When that message was written.
    pub last_message_time: Timestamp,
    /// The reason for the contact.
    pub contact_reason: Option<String>,
    /// The user it is assigned to; of the same shop.
    pub assigned_to: Option<UserId>,
    /// Whether a person has to handle it. Creating an open ticket also opens a
    /// [`HumanTicket`].
    pub is_opened: bool,
    /// The number of messages that no user has read: 0 to
    /// [`MAX_UNREAD_COUNT`](crate::limits::MAX_UNREAD_COUNT).
    pub unread_count: i32,
    /// Tags, in the order given.
    pub tags: Vec<String>,
    /// Language tag as given (`en`, `pt-BR`, `pt_BR`).
    pub language_code: Option<String>,
    /// The program that created it.
    pub via: Option<String>,
    /// 1 for a new ticket. Every change raises it by one.
    pub version: i64,
}

impl Ticket {
    /// Returns its position in lists of tickets.
    pub fn position(&self) -> TicketPosition {
        TicketPosition { last_message_time: self.last_message_time, id: self.id }
    }
}

/// A request for a person to handle a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HumanTicket {
    /// Its number within the shop.
    pub id: HumanTicketId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was closed. An open one waits for a person.
    pub closed_at: Option<Timestamp>,
}

impl HumanTicket {
    /// Returns a human ticket opened at this time.
    pub const fn opened(id: HumanTicketId, opened_at: Timestamp) -> Self {
        Self { id, opened_at, closed_at: None }
    }

    /// Opens or closes it at this time (TICKET-19). Returns whether that changed it: if it is
    /// already open, or already closed, it keeps its times.
    pub const fn set_open(&mut self, is_open: bool, at: Timestamp) -> bool {
        match (is_open, self.closed_at) {
            (true, Some(_)) => *self = Self::opened(self.id, at),
            (false, None) => self.closed_at = Some(at),
            (true, None) | (false, Some(_)) => return false,
        }
        true
    }
}

/// A ticket with the people it names and its human ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketView {
    /// The ticket.
    pub ticket: Ticket,
    /// Its customer.
    pub customer: Customer,
    /// The user it is assigned to.
    pub assignee: Option<User>,
    /// Its human ticket.
    pub human_ticket: Option<HumanTicket>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_human_ticket_opens_and_closes_once() {
        let at = |millis| Timestamp::from_unix_millis(millis).unwrap();
        let mut human_ticket = HumanTicket::opened(HumanTicketId::new(3).unwrap(), at(1));
        assert!(!human_ticket.set_open(true, at(2)));
        assert_eq!((human_ticket.opened_at, human_ticket.closed_at), (at(1), None));

        assert!(human_ticket.set_open(false, at(3)));
        assert!(!human_ticket.set_open(false, at(4)));
        assert_eq!((human_ticket.opened_at, human_ticket.closed_at), (at(1), Some(at(3))));

        assert!(human_ticket.set_open(true, at(5)));
        assert_eq!(human_ticket, HumanTicket::opened(HumanTicketId::new(3).unwrap(), at(5)));
    }
}
