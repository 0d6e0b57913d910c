//! Events: what was changed in a shop, by whom and when. The shop's audit trail.

use std::collections::BTreeSet;

use crate::{
    ApiKey, AuditStamp, Comment, CommentId, Customer, CustomerId, HumanTicket, KeyNumber, Scope, ShopId,
    Ticket, TicketId, Timestamp, User, UserId,
};

/// What was done to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each says what was done to what")]
pub enum EventKind {
    TicketCreated,
    /// Changed, or a comment moved its last message, unread count and version on.
    TicketUpdated,
    /// Deleted, by itself or with its customer.
    TicketDeleted,
    CommentCreated,
    /// Deleted with its ticket.
    CommentDeleted,
    CustomerCreated,
    CustomerUpdated,
    /// Erased, with everything of theirs.
    CustomerErased,
    UserCreated,
    /// Changed, deactivated or activated.
    UserUpdated,
    ApiKeyCreated,
    /// Replaced by another key, and given an end.
    ApiKeyRotated,
    /// Revoked, by itself or with the user in whose name it writes.
    ApiKeyRevoked,
}

impl EventKind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::TicketCreated,
        Self::TicketUpdated,
        Self::TicketDeleted,
        Self::CommentCreated,
        Self::CommentDeleted,
        Self::CustomerCreated,
        Self::CustomerUpdated,
        Self::CustomerErased,
        Self::UserCreated,
        Self::UserUpdated,
        Self::ApiKeyCreated,
        Self::ApiKeyRotated,
        Self::ApiKeyRevoked,
    ];

    /// Its name: `ticket.created`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TicketCreated => "ticket.created",
            Self::TicketUpdated => "ticket.updated",
            Self::TicketDeleted => "ticket.deleted",
            Self::CommentCreated => "comment.created",
            Self::CommentDeleted => "comment.deleted",
            Self::CustomerCreated => "customer.created",
            Self::CustomerUpdated => "customer.updated",
            Self::CustomerErased => "customer.erased",
            Self::UserCreated => "user.created",
            Self::UserUpdated => "user.updated",
            Self::ApiKeyCreated => "api_key.created",
            Self::ApiKeyRotated => "api_key.rotated",
            Self::ApiKeyRevoked => "api_key.revoked",
        }
    }

    /// The thing of this number that an event of this kind is about; `None` if no such thing
    /// can have the number.
    pub fn subject(self, number: i64) -> Option<Subject> {
        match self {
            Self::TicketCreated | Self::TicketUpdated | Self::TicketDeleted => {
                TicketId::new(number).map(Subject::Ticket)
            }
            Self::CommentCreated | Self::CommentDeleted => CommentId::new(number).map(Subject::Comment),
            Self::CustomerCreated | Self::CustomerUpdated | Self::CustomerErased => {
                CustomerId::new(number).map(Subject::Customer)
            }
            Self::UserCreated | Self::UserUpdated => UserId::new(number).map(Subject::User),
            Self::ApiKeyCreated | Self::ApiKeyRotated | Self::ApiKeyRevoked => {
                KeyNumber::new(number).map(Subject::ApiKey)
            }
        }
    }
}

/// The text names no kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such kind of event")]
pub struct UnknownEventKind;

impl std::str::FromStr for EventKind {
    type Err = UnknownEventKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(UnknownEventKind)
    }
}

/// The thing that an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is the thing of that name")]
pub enum Subject {
    Ticket(TicketId),
    Comment(CommentId),
    Customer(CustomerId),
    User(UserId),
    ApiKey(KeyNumber),
}

impl Subject {
    /// The number of the thing.
    pub const fn number(self) -> i64 {
        match self {
            Self::Ticket(id) => id.get(),
            Self::Comment(id) => id.get(),
            Self::Customer(id) => id.get(),
            Self::User(id) => id.get(),
            Self::ApiKey(number) => number.get(),
        }
    }
}

/// A thing as a change left it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the thing of that name")]
pub enum Snapshot {
    Ticket(Box<TicketSnapshot>),
    Comment(Box<Comment>),
    Customer(Box<Customer>),
    User(Box<User>),
    ApiKey(Box<ApiKeySnapshot>),
}

impl Snapshot {
    /// The thing.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Ticket(snapshot) => Subject::Ticket(snapshot.ticket.id),
            Self::Comment(comment) => Subject::Comment(comment.id),
            Self::Customer(customer) => Subject::Customer(customer.id),
            Self::User(user) => Subject::User(user.id),
            Self::ApiKey(key) => Subject::ApiKey(key.number),
        }
    }

    /// The customer whose data it holds, if it holds one's: it is erased with that customer.
    pub fn customer_id(&self) -> Option<CustomerId> {
        match self {
            Self::Ticket(snapshot) => Some(snapshot.ticket.customer_id),
            Self::Comment(comment) => Some(comment.customer_id),
            Self::Customer(customer) => Some(customer.id),
            Self::User(_) | Self::ApiKey(_) => None,
        }
    }
}

/// A ticket and its human ticket, without the people they name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketSnapshot {
    /// The ticket.
    pub ticket: Ticket,
    /// The human ticket it opened.
    pub human_ticket: Option<HumanTicket>,
}

/// An API key, without what its secret hashes to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each as in `ApiKey`")]
pub struct ApiKeySnapshot {
    pub number: KeyNumber,
    pub scopes: BTreeSet<Scope>,
    pub user_id: Option<UserId>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl From<&ApiKey> for ApiKeySnapshot {
    fn from(key: &ApiKey) -> Self {
        let ApiKey { number, scopes, user_id, created_at, expires_at, revoked_at, .. } = key.clone();
        Self { number, scopes, user_id, created_at, expires_at, revoked_at }
    }
}

/// That one thing of a shop was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The shop.
    pub shop_id: ShopId,
    /// Its place in the shop's log.
    pub position: EventPosition,
    /// What was done.
    pub kind: EventKind,
    /// To what.
    pub subject: Subject,
    /// By whom, and when.
    pub stamp: AuditStamp,
    /// The thing as the change left it. None of what was deleted or erased, and none of what
    /// held the data of a customer who was erased since.
    pub snapshot: Option<Snapshot>,
}

/// An event's place in its shop's log, in which a store orders them: by change, then by part.
/// What the numbers are is the store's own affair; none is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventPosition {
    /// The change it is of.
    pub change: i64,
    /// Its place among those of the change.
    pub part: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_by_their_names_and_tell_their_subjects() {
        for &kind in EventKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(kind.subject(7).map(Subject::number), Some(7));
            assert_eq!(kind.subject(0), None);
        }
        assert_eq!("ticket.exploded".parse::<EventKind>(), Err(UnknownEventKind));
    }
}
