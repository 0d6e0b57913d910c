use super::draft::missing_text;
use crate::{
    CommentId, CommentPosition, Customer, CustomerId, ShopId, Ticket, TicketId, Timestamp, User, UserId,
};

/// A new message of a ticket. It keeps every limit, and is complete except for the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewComment {
    /// Its id.
    pub id: CommentId,
    /// The shop of its ticket.
    pub shop_id: ShopId,
    /// Its ticket.
    pub ticket_id: TicketId,
    /// The message.
    pub text: String,
    /// When it was written.
    pub time: Timestamp,
    /// The medium. Default: the ticket's channel.
    pub channel: Option<String>,
    /// Whether the shop wrote it. Otherwise the customer did.
    pub is_from_shop: bool,
    /// Whether it is an internal note. Notes are not for the customer.
    pub is_note: bool,
    /// The user who wrote it; of the same shop.
    pub author_id: Option<UserId>,
    /// Subject.
    pub subject: Option<String>,
    /// The sender's e-mail address.
    pub from_email: Option<String>,
    /// The receivers' e-mail addresses, in the order given.
    pub to_emails: Vec<String>,
    /// Attachments as JSON text, exactly as given.
    pub attachments: Option<String>,
    /// Tags, in the order given.
    pub tags: Vec<String>,
}

impl NewComment {
    /// Returns the comment on this ticket. It has the ticket's customer. Without a channel of its
    /// own, it has the ticket's channel (COMMENT-1).
    pub fn into_comment(self, ticket: &Ticket) -> Comment {
        let Self {
            id,
            shop_id,
            ticket_id,
            text,
            time,
            channel,
            is_from_shop,
            is_note,
            author_id,
            subject,
            from_email,
            to_emails,
            attachments,
            tags,
        } = self;
        Comment {
            id,
            shop_id,
            ticket_id,
            customer_id: ticket.customer_id,
            text,
            time,
            channel: channel.unwrap_or_else(|| ticket.channel.clone()),
            is_from_shop,
            is_note,
            author_id,
            subject,
            from_email,
            to_emails,
            attachments,
            tags,
        }
    }
}

/// A message of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// The shop of its ticket.
    pub shop_id: ShopId,
    /// Its ticket.
    pub ticket_id: TicketId,
    /// The customer of its ticket.
    pub customer_id: CustomerId,
    /// The message.
    pub text: String,
    /// When it was written.
    pub time: Timestamp,
    /// The medium.
    pub channel: String,
    /// Whether the shop wrote it. Otherwise the customer did.
    pub is_from_shop: bool,
    /// Whether it is an internal note. Notes are not for the customer.
    pub is_note: bool,
    /// The user who wrote it.
    pub author_id: Option<UserId>,
    /// Subject.
    pub subject: Option<String>,
    /// The sender's e-mail address.
    pub from_email: Option<String>,
    /// The receivers' e-mail addresses, in the order given.
    pub to_emails: Vec<String>,
    /// Attachments as JSON text, exactly as given.
    pub attachments: Option<String>,
    /// Tags, in the order given.
    pub tags: Vec<String>,
}

impl Comment {
    /// Returns its position in the list of its ticket's comments.
    pub fn position(&self) -> CommentPosition {
        CommentPosition { time: self.time, id: self.id }
    }

    /// Whether it has neither a text nor attachments. An update must not lead to that (COMMENT-18).
    pub fn lacks_text(&self) -> bool {
        missing_text(Some(&self.text), self.attachments.as_deref()).is_some()
    }
}

/// A comment with the people it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentView {
    /// The comment.
    pub comment: Comment,
    /// The customer of its ticket.
    pub customer: Customer,
    /// The user who wrote it.
    pub author: Option<User>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CommentDraft, InitialMessage, TicketDraft};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).unwrap()
    }

    fn ticket() -> Ticket {
        let draft = TicketDraft {
            customer_id: CustomerId::new(5),
            channel: Some("Mail".into()),
            last_message: Some("Hello".into()),
            last_message_time: Some(at(10)),
            unread_count: Some(4),
            ..TicketDraft::default()
        };
        draft.into_ticket(TicketId::new(1).unwrap(), ShopId::new(1).unwrap(), at(0)).unwrap()
    }

    fn comment(time: i64, is_from_shop: bool) -> NewComment {
        let draft = CommentDraft {
            text: Some("Later".into()),
            time: Some(at(time)),
            is_from_shop: Some(is_from_shop),
            ..CommentDraft::default()
        };
        let (ticket, author) = (ticket(), UserId::new(7));
        draft.into_new(CommentId::new(2).unwrap(), ticket.shop_id, ticket.id, author, at(0)).unwrap()
    }

    fn after(comment: NewComment) -> Ticket {
        ticket().after_comment(&comment.into_comment(&ticket()), at(100), false)
    }

    #[test]
    fn a_comment_that_is_not_older_is_the_last_message() {
        for (time, is_last) in [(9, false), (10, true), (11, true)] {
            let expected = Ticket { version: 2, ..ticket() };
            let expected = match is_last {
                true => {
                    let first = InitialMessage { text: Some("Hello".into()), time: at(10) };
                    let text = Some("Later".into());
                    let (last_message_time, initial_message) = (at(time), Some(first));
                    Ticket { last_message: text, last_message_time, initial_message, ..expected }
                }
                false => expected,
            };
            assert_eq!(after(comment(time, true)), expected, "{time}");
        }
    }

    #[test]
    fn any_comment_follows_a_message_from_the_future() {
        let comment = comment(9, true).into_comment(&ticket());
        for (now, is_last) in [(9, true), (10, false), (11, false)] {
            let after = ticket().after_comment(&comment, at(now), false);
            assert_eq!(after.last_message.as_deref(), Some(if is_last { "Later" } else { "Hello" }), "{now}");
        }
    }

    #[test]
    fn a_note_only_raises_the_version() {
        for is_from_shop in [true, false] {
            let note = NewComment { is_note: true, ..comment(11, is_from_shop) };
            assert_eq!(after(note), Ticket { version: 2, ..ticket() });
        }
    }

    #[test]
    fn only_a_customers_message_opens_a_closed_ticket() {
        let closed = ticket();
        let open = Ticket { is_opened: true, ..ticket() };
        for (is_note, is_from_shop) in [(false, false), (false, true), (true, false), (true, true)] {
            let comment = NewComment { is_note, ..comment(9, is_from_shop) }.into_comment(&closed);
            let opens = !is_note && !is_from_shop;
            assert_eq!(closed.may_be_reopened_by(&comment), opens);
            assert!(!open.may_be_reopened_by(&comment));
            assert!(!closed.after_comment(&comment, at(100), false).is_opened);
            assert!(open.after_comment(&comment, at(100), true).is_opened);
            let after = closed.after_comment(&comment, at(100), true);
            assert_eq!((after.is_opened, after.version), (opens, 2));
        }
    }

    #[test]
    fn the_first_message_is_kept() {
        let first = Some(("Hello", at(10)));
        assert_eq!((ticket().first_message(), ticket().initial_message), (first, None));
        let older = after(comment(9, true));
        assert_eq!((older.first_message(), &older.initial_message), (first, &None));
        let once = after(comment(11, true));
        assert_eq!(once.first_message(), first);
        let twice = once.after_comment(&comment(12, true).into_comment(&once), at(100), false);
        assert_eq!((twice.first_message(), twice.last_message_time), (first, at(12)));

        let silent = Ticket { last_message: None, ..ticket() };
        assert_eq!(silent.first_message(), None);
        let answered = silent.after_comment(&comment(11, true).into_comment(&silent), at(100), false);
        assert_eq!(answered.first_message(), None);
        assert_eq!(answered.initial_message, Some(InitialMessage { text: None, time: at(10) }));
    }

    #[test]
    fn an_old_comment_of_the_customer_is_unread_too() {
        for time in [9, 11] {
            assert_eq!(after(comment(time, false)).unread_count, 1);
            assert_eq!(after(comment(time, true)).unread_count, 4);
        }
    }

    #[test]
    fn a_comment_has_the_customer_of_its_ticket_and_its_channel_unless_it_has_one() {
        let of_ticket = comment(9, true).into_comment(&ticket());
        assert_eq!(of_ticket.customer_id, CustomerId::new(5).unwrap());
        assert_eq!((of_ticket.channel.as_str(), of_ticket.author_id), ("Mail", UserId::new(7)));
        let own = NewComment { channel: Some("Website".into()), ..comment(9, true) };
        assert_eq!(own.into_comment(&ticket()), Comment { channel: "Website".into(), ..of_ticket });
    }
}
