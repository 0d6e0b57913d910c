//! Comments: the messages of a conversation.

use crate::{CommentId, Customer, CustomerId, ShopId, TicketId, Timestamp, User, UserId};

/// A message of a ticket, complete and within every limit, but for the channel, which is
/// the ticket's where it is not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewComment {
    /// Its id.
    pub id: CommentId,
    /// The shop of its ticket.
    pub shop_id: ShopId,
    /// Its ticket.
    pub ticket_id: TicketId,
    /// What it says.
    pub text: String,
    /// When it was written.
    pub time: Timestamp,
    /// Where it was written; the ticket's channel if absent.
    pub channel: Option<String>,
    /// Whether the shop wrote it, or the customer.
    pub is_from_shop: bool,
    /// The user who wrote it; of the same shop.
    pub author_id: Option<UserId>,
    /// Subject.
    pub subject: Option<String>,
    /// The address it was sent from.
    pub from_email: Option<String>,
    /// The addresses it was sent to, in the order given.
    pub to_emails: Vec<String>,
    /// What was attached, as JSON text, exactly as given.
    pub attachments: Option<String>,
    /// Tags, in the order given.
    pub tags: Vec<String>,
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
    /// What it says.
    pub text: String,
    /// When it was written.
    pub time: Timestamp,
    /// Where it was written.
    pub channel: String,
    /// Whether the shop wrote it, or the customer.
    pub is_from_shop: bool,
    /// The user who wrote it.
    pub author_id: Option<UserId>,
    /// Subject.
    pub subject: Option<String>,
    /// The address it was sent from.
    pub from_email: Option<String>,
    /// The addresses it was sent to, in the order given.
    pub to_emails: Vec<String>,
    /// What was attached, as JSON text, exactly as given.
    pub attachments: Option<String>,
    /// Tags, in the order given.
    pub tags: Vec<String>,
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
