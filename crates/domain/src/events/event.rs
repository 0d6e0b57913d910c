use std::collections::BTreeSet;

use crate::{
    ApiKey, AuditStamp, Comment, CommentId, Customer, CustomerId, HumanTicket, KeyNumber, Scope, Shop,
    ShopId, Ticket, TicketId, TicketView, Timestamp, User, UserId, Webhook, WebhookId, WebhookSnapshot,
};

/// The kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each name says it")]
pub enum EventKind {
    TicketCreated,
    /// Includes changes of its last message, unread count or version by a comment.
    TicketUpdated,
    /// Includes erasing its customer.
    TicketDeleted,
    CommentCreated,
    CommentUpdated,
    /// Includes deleting its ticket and erasing its customer.
    CommentDeleted,
    CustomerCreated,
    CustomerUpdated,
    /// Merged into another customer, who was updated in the same change.
    CustomerMerged,
    /// Erased with all its tickets and comments.
    CustomerErased,
    UserCreated,
    /// Includes deactivating and activating it.
    UserUpdated,
    /// Got a link to set a password, with a role or without.
    UserInvited,
    UserPasswordSet,
    /// Got another role in the console.
    UserRoleChanged,
    ApiKeyCreated,
    /// Replaced by another key. It expires.
    ApiKeyRotated,
    /// Includes deactivating the user in whose name it writes.
    ApiKeyRevoked,
    WebhookCreated,
    /// Includes enabling it, and a new secret.
    WebhookUpdated,
    /// Disabled by a caller, or by the server because of failures.
    WebhookDisabled,
    WebhookDeleted,
    /// A setting of the shop changed.
    ShopUpdated,
    ShopClosed,
    ShopReopened,
}

impl EventKind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::TicketCreated,
        Self::TicketUpdated,
        Self::TicketDeleted,
        Self::CommentCreated,
        Self::CommentUpdated,
        Self::CommentDeleted,
        Self::CustomerCreated,
        Self::CustomerUpdated,
        Self::CustomerMerged,
        Self::CustomerErased,
        Self::UserCreated,
        Self::UserUpdated,
        Self::UserInvited,
        Self::UserPasswordSet,
        Self::UserRoleChanged,
        Self::ApiKeyCreated,
        Self::ApiKeyRotated,
        Self::ApiKeyRevoked,
        Self::WebhookCreated,
        Self::WebhookUpdated,
        Self::WebhookDisabled,
        Self::WebhookDeleted,
        Self::ShopUpdated,
        Self::ShopClosed,
        Self::ShopReopened,
    ];

    /// Its name: `ticket.created`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TicketCreated => "ticket.created",
            Self::TicketUpdated => "ticket.updated",
            Self::TicketDeleted => "ticket.deleted",
            Self::CommentCreated => "comment.created",
            Self::CommentUpdated => "comment.updated",
            Self::CommentDeleted => "comment.deleted",
            Self::CustomerCreated => "customer.created",
            Self::CustomerUpdated => "customer.updated",
            Self::CustomerMerged => "customer.merged",
            Self::CustomerErased => "customer.erased",
            Self::UserCreated => "user.created",
            Self::UserUpdated => "user.updated",
            Self::UserInvited => "user.invited",
            Self::UserPasswordSet => "user.password_set",
            Self::UserRoleChanged => "user.role_changed",
            Self::ApiKeyCreated => "api_key.created",
            Self::ApiKeyRotated => "api_key.rotated",
            Self::ApiKeyRevoked => "api_key.revoked",
            Self::WebhookCreated => "webhook.created",
            Self::WebhookUpdated => "webhook.updated",
            Self::WebhookDisabled => "webhook.disabled",
            Self::WebhookDeleted => "webhook.deleted",
            Self::ShopUpdated => "shop.updated",
            Self::ShopClosed => "shop.closed",
            Self::ShopReopened => "shop.reopened",
        }
    }

    /// Returns the subject of an event of this kind, by its number. Returns `None` if the number is
    /// out of range.
    pub fn subject(self, number: i64) -> Option<Subject> {
        match self {
            Self::TicketCreated | Self::TicketUpdated | Self::TicketDeleted => {
                TicketId::new(number).map(Subject::Ticket)
            }
            Self::CommentCreated | Self::CommentUpdated | Self::CommentDeleted => {
                CommentId::new(number).map(Subject::Comment)
            }
            Self::CustomerCreated | Self::CustomerUpdated | Self::CustomerMerged | Self::CustomerErased => {
                CustomerId::new(number).map(Subject::Customer)
            }
            Self::UserCreated
            | Self::UserUpdated
            | Self::UserInvited
            | Self::UserPasswordSet
            | Self::UserRoleChanged => UserId::new(number).map(Subject::User),
            Self::ApiKeyCreated | Self::ApiKeyRotated | Self::ApiKeyRevoked => {
                KeyNumber::new(number).map(Subject::ApiKey)
            }
            Self::WebhookCreated | Self::WebhookUpdated | Self::WebhookDisabled | Self::WebhookDeleted => {
                WebhookId::new(number).map(Subject::Webhook)
            }
            Self::ShopUpdated | Self::ShopClosed | Self::ShopReopened => {
                ShopId::new(number).map(Subject::Shop)
            }
        }
    }
}

/// The text is not the name of an event kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown event kind")]
pub struct UnknownEventKind;

impl std::str::FromStr for EventKind {
    type Err = UnknownEventKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(UnknownEventKind)
    }
}

/// A type of resources that events are about.
#[derive(Debug)]
pub struct SubjectType {
    /// Its name, then its short names.
    pub names: &'static [&'static str],
    /// The largest number. The smallest is 1.
    pub max: i64,
    new: fn(i64) -> Option<Subject>,
}

/// Defines [`Subject`] from its types.
macro_rules! subjects {
    ($($variant:ident($id:ident) = $name:literal $(or $short:literal)?;)+) => {
        /// The resource that an event is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each name says it")]
        pub enum Subject {
            $($variant($id),)+
        }

        impl Subject {
            /// Every type.
            pub const TYPES: &[SubjectType] = &[$(SubjectType {
                names: &[$name, $($short)?],
                max: $id::MAX,
                new: |number| $id::new(number).map(Self::$variant),
            },)+];

            /// Returns the name of its type: `ticket`.
            pub const fn type_name(self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)+
                }
            }

            /// Returns its id or number.
            pub const fn number(self) -> i64 {
                match self {
                    $(Self::$variant(id) => id.get(),)+
                }
            }
        }
    };
}

subjects! {
    Ticket(TicketId) = "ticket";
    Comment(CommentId) = "comment";
    Customer(CustomerId) = "customer";
    User(UserId) = "user";
    ApiKey(KeyNumber) = "api_key" or "key";
    Webhook(WebhookId) = "webhook";
    Shop(ShopId) = "shop";
}

impl std::fmt::Display for Subject {
    /// Its type and number: `ticket:5`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.type_name(), self.number())
    }
}

/// The text is not a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a resource, such as ticket:385641613176606720, customer:123, user:45 or key:7")]
pub struct UnknownSubject;

impl std::str::FromStr for Subject {
    type Err = UnknownSubject;

    /// Reads a name of its type, and its number: `ticket:5`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, digits) = text.split_once(':').ok_or(UnknownSubject)?;
        let of_name = Self::TYPES.iter().find(|subject| subject.names.contains(&name));
        // Signs are no digits.
        let number = Some(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let number = number.and_then(|digits| digits.parse().ok()).ok_or(UnknownSubject)?;
        of_name.and_then(|subject| (subject.new)(number)).ok_or(UnknownSubject)
    }
}

/// The subject of an event, in its state after the change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each name says it")]
pub enum Snapshot {
    Ticket(Box<TicketSnapshot>),
    Comment(Box<Comment>),
    Customer(Box<Customer>),
    User(Box<User>),
    ApiKey(Box<ApiKeySnapshot>),
    Webhook(Box<WebhookSnapshot>),
    Shop(Box<Shop>),
}

impl Snapshot {
    /// Returns the subject.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Ticket(snapshot) => Subject::Ticket(snapshot.ticket.id),
            Self::Comment(comment) => Subject::Comment(comment.id),
            Self::Customer(customer) => Subject::Customer(customer.id),
            Self::User(user) => Subject::User(user.id),
            Self::ApiKey(key) => Subject::ApiKey(key.number),
            Self::Webhook(webhook) => Subject::Webhook(webhook.id),
            Self::Shop(shop) => Subject::Shop(shop.id),
        }
    }

    /// Returns the customer whose data it holds. It is erased with that customer.
    pub fn customer_id(&self) -> Option<CustomerId> {
        match self {
            Self::Ticket(snapshot) => Some(snapshot.ticket.customer_id),
            Self::Comment(comment) => Some(comment.customer_id),
            Self::Customer(customer) => Some(customer.id),
            Self::User(_) | Self::ApiKey(_) | Self::Webhook(_) | Self::Shop(_) => None,
        }
    }
}

/// Makes the snapshot of each of these states.
macro_rules! snapshots {
    ($($variant:ident from $type:ty: $state:ident => $boxed:expr;)+) => {$(
        impl From<$type> for Snapshot {
            fn from($state: $type) -> Self {
                Self::$variant(Box::new($boxed))
            }
        }
    )+};
}

snapshots! {
    Ticket from TicketSnapshot: ticket => ticket;
    Ticket from &TicketView: view => view.into();
    Comment from Comment: comment => comment;
    Customer from Customer: customer => customer;
    User from User: user => user;
    ApiKey from &ApiKey: key => key.into();
    Webhook from &Webhook: webhook => webhook.into();
    Shop from &Shop: shop => shop.clone();
}

/// A ticket and its human ticket, without the people they name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketSnapshot {
    /// The ticket.
    pub ticket: Ticket,
    /// Its human ticket.
    pub human_ticket: Option<HumanTicket>,
}

impl From<&TicketView> for TicketSnapshot {
    fn from(view: &TicketView) -> Self {
        let TicketView { ticket, customer: _, assignee: _, human_ticket } = view;
        Self { ticket: ticket.clone(), human_ticket: human_ticket.clone() }
    }
}

/// An API key without the hash of its secret.
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

/// One change of one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The shop.
    pub shop_id: ShopId,
    /// Its position in the shop's log.
    pub position: EventPosition,
    /// The kind of the change.
    pub kind: EventKind,
    /// The changed resource.
    pub subject: Subject,
    /// The actor, the time and the request of the change.
    pub stamp: AuditStamp,
    /// The state of the subject after the change. `None` if the change deleted or erased it, and
    /// after the text or the customer whose data it held is erased.
    pub snapshot: Option<Snapshot>,
}

/// An event's position in its shop's log. The log is in order of change, then of part. The store
/// chooses the numbers. A change is at least 1, a part at least 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventPosition {
    /// The change it belongs to.
    pub change: i64,
    /// Its position within the change.
    pub part: i64,
}

impl EventPosition {
    /// The position before all events.
    pub const START: Self = Self { change: 0, part: 0 };

    /// The largest position before this one.
    #[must_use]
    pub const fn before(self) -> Self {
        match self.part {
            0 => Self { change: self.change.saturating_sub(1), part: i64::MAX },
            part => Self { part: part.saturating_sub(1), ..self },
        }
    }

    /// The position after all events of this change.
    pub const fn end_of(change: i64) -> Self {
        Self { change, part: i64::MAX }
    }
}

/// Events after the given position were removed (EVENT-15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("events after this position were removed; the oldest position to read from is {oldest:?}")]
pub struct EventsRemoved {
    /// The beginning of the log: the position of the last removed event.
    pub oldest: EventPosition,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_names_and_subjects() {
        for &kind in EventKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(kind.subject(7).map(Subject::number), Some(7));
            assert_eq!(kind.subject(0), None);
            let name = kind.subject(7).map(Subject::type_name).unwrap();
            assert_eq!(kind.as_str().split_once('.').unwrap().0, name);
        }
        assert_eq!("ticket.exploded".parse::<EventKind>(), Err(UnknownEventKind));
    }

    #[test]
    fn a_subject_is_read_as_it_is_written() {
        for subject in EventKind::ALL.iter().filter_map(|kind| kind.subject(7)) {
            assert_eq!(subject.to_string().parse(), Ok(subject));
        }
        assert_eq!("key:7".parse(), Ok(Subject::ApiKey(KeyNumber::new(7).unwrap())));
        for text in [
            "",
            "7",
            ":7",
            "ticket",
            "ticket:",
            "ticket:0",
            "ticket:-1",
            "ticket:+1",
            "ticket:1 ",
            " ticket:1",
            "Ticket:1",
            "tickets:1",
            "customer:9007199254740992",
            "ticket:9223372036854775808",
            "ticket:1:2",
            "ticket:१",
        ] {
            assert_eq!(text.parse::<Subject>(), Err(UnknownSubject), "{text}");
        }
    }
}
