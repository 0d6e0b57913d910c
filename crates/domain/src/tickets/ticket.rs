use crate::{
    Comment, Customer, CustomerId, HumanTicketId, ShopId, TicketId, TicketPosition, Timestamp, User, UserId,
};

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
    /// The message that it was created with, once another has replaced it. See
    /// [`Ticket::first_message`].
    pub initial_message: Option<InitialMessage>,
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

    /// Returns the text and the time of the message that it was created with (TICKET-26). `None` if
    /// it was created without a message.
    pub fn first_message(&self) -> Option<(&str, Timestamp)> {
        match &self.initial_message {
            Some(InitialMessage { text, time }) => Some((text.as_deref()?, *time)),
            None => Some((self.last_message.as_deref()?, self.last_message_time)),
        }
    }

    /// Replaces its last message. The first one that is replaced is kept (TICKET-26).
    pub fn replace_last_message(&mut self, text: Option<String>, time: Timestamp) {
        let text = std::mem::replace(&mut self.last_message, text);
        let time = std::mem::replace(&mut self.last_message_time, time);
        self.initial_message.get_or_insert(InitialMessage { text, time });
    }

    /// Whether a message of this time becomes the last one, at `now`.
    pub(super) fn is_followed_by(&self, time: Timestamp, now: Timestamp) -> bool {
        // If two comments have the same time, the one created later is the latest. A message from
        // the future must not stay the last one until then.
        time >= self.last_message_time || self.last_message_time > now
    }

    /// Whether this new comment of it opens it, if the shop has
    /// [`reopen_on_reply`](crate::Shop::reopen_on_reply) (COMMENT-20). Only then does a store have to
    /// look at the shop.
    pub fn may_be_reopened_by(&self, comment: &Comment) -> bool {
        !self.is_opened && !comment.is_note && !comment.is_from_shop
    }

    /// Returns the ticket after this new comment of it, which is created at `now` (COMMENT-4 to
    /// COMMENT-6, COMMENT-14, COMMENT-20). `reopen_on_reply` is the shop's. It is not used unless the
    /// ticket [may be reopened](Self::may_be_reopened_by). The store opens the human ticket with
    /// [`HumanTicket::transition`].
    #[must_use]
    pub fn after_comment(&self, comment: &Comment, now: Timestamp, reopen_on_reply: bool) -> Self {
        let mut ticket = self.clone();
        ticket.version += 1;
        if comment.is_note {
            return ticket;
        }
        ticket.is_opened |= reopen_on_reply && self.may_be_reopened_by(comment);
        if ticket.is_followed_by(comment.time, now) {
            ticket.replace_last_message(Some(comment.text.clone()), comment.time);
        }
        if !comment.is_from_shop {
            ticket.unread_count = 1;
        }
        ticket
    }
}

/// The message that a ticket was created with, after another has replaced it as the last one. Until
/// then the ticket has none, so that a store does not write its text twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitialMessage {
    /// The text. `None` if the ticket was created without a message.
    pub text: Option<String>,
    /// The `last_message_time` of the new ticket.
    pub time: Timestamp,
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

    /// Returns the human ticket of a ticket that is created, opened or closed at this time (TICKET-7,
    /// TICKET-19). `current` is the ticket's human ticket so far.
    ///
    /// - An open ticket without a human ticket gets one. `next_id` returns its number.
    /// - A closed human ticket that is opened is open from now on, with the same number.
    /// - An open human ticket that is closed keeps the time of its opening.
    /// - In every other case the result equals `current`, and there is nothing to write.
    ///
    /// # Errors
    /// The error of `next_id`.
    pub fn transition<E>(
        current: Option<Self>,
        is_open: bool,
        at: Timestamp,
        next_id: impl FnOnce() -> Result<HumanTicketId, E>,
    ) -> Result<Option<Self>, E> {
        Ok(match (current, is_open) {
            (None, true) => Some(Self::opened(next_id()?, at)),
            (Some(Self { id, closed_at: Some(_), .. }), true) => Some(Self::opened(id, at)),
            (Some(open @ Self { closed_at: None, .. }), false) => Some(Self { closed_at: Some(at), ..open }),
            (same, _) => same,
        })
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
        let id = HumanTicketId::new(3).unwrap();
        let set = |current, is_open, millis, next: Result<_, &'static str>| {
            HumanTicket::transition(current, is_open, at(millis), || next)
        };
        assert_eq!(set(None, false, 1, Err("not asked")), Ok(None));
        assert_eq!(set(None, true, 1, Err("none left")), Err("none left"));
        let opened = set(None, true, 1, Ok(id)).unwrap();
        assert_eq!(opened, Some(HumanTicket::opened(id, at(1))));
        assert_eq!(set(opened.clone(), true, 2, Err("not asked")), Ok(opened.clone()));

        let closed = set(opened, false, 3, Err("not asked")).unwrap();
        assert_eq!(closed, Some(HumanTicket { id, opened_at: at(1), closed_at: Some(at(3)) }));
        assert_eq!(set(closed.clone(), false, 4, Err("not asked")), Ok(closed.clone()));
        assert_eq!(set(closed, true, 5, Err("not asked")), Ok(Some(HumanTicket::opened(id, at(5)))));
    }
}
