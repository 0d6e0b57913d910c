use crate::{
    ApiKey, Attempt, Comment, CommentId, Credential, Customer, CustomerId, Delivery, Event, EventPosition,
    Fingerprint, IdempotencyKey, KeyNumber, NodeNumber, Receipt, SavedReply, SavedReplyId, SecretHash,
    SessionLife, Shop, TextBytes, TicketId, TicketSnapshot, Timestamp, User, UserId, Webhook, WebhookId,
};

/// The beginning of a shop's archive: the shop, and what its numbers continue from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedShop {
    /// The shop.
    pub shop: Shop,
    /// Where its log begins: the position of the last removed event. `None` if none was removed.
    pub log_beginning: Option<EventPosition>,
    /// The numbers that were assigned.
    pub counters: ShopCounters,
    /// For each node that has reserved ranges of ids, the end of the latest one. All shops share them.
    pub id_range_ends: Vec<(NodeNumber, Timestamp)>,
}

/// The largest numbers that a shop has assigned. A store that loads the shop assigns larger ones. It may
/// assign much larger ones, so these numbers are in no digest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShopCounters {
    /// Of the changes in its log.
    pub changes: i64,
    /// Of its customers, including erased and merged ones.
    pub customers: i64,
    /// Of its users.
    pub users: i64,
    /// Of its human tickets.
    pub human_tickets: i64,
}

/// A thing that belongs to a shop. The variants are in the order of an archive: what an entry refers to
/// comes before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveEntry {
    /// A user, active or not.
    User(Box<User>),
    /// How a user signs in.
    Credential(Box<Credential>),
    /// A session of a user. It may have ended by time.
    Session(Box<ArchivedSession>),
    /// A key, with the hash of its secret.
    ApiKey(Box<ApiKey>),
    /// A customer.
    Customer(Box<Customer>),
    /// A customer that was merged into another.
    MergedCustomer(MergedCustomer),
    /// A ticket with its human ticket.
    Ticket(Box<TicketSnapshot>),
    /// A comment.
    Comment(Box<Comment>),
    /// A saved reply.
    SavedReply(Box<SavedReply>),
    /// An event.
    Event(Box<ArchivedEvent>),
    /// A webhook, with its sealed secrets.
    Webhook(Box<Webhook>),
    /// A delivery that is neither settled nor given up.
    Delivery(Box<ArchivedDelivery>),
    /// An attempt of a webhook.
    Attempt(Box<ArchivedAttempt>),
    /// The record of a request with an idempotency key.
    IdempotencyRecord(Box<IdempotencyRecord>),
}

/// A session with its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedSession {
    /// The hash of its token.
    pub token_hash: SecretHash,
    /// The user.
    pub user_id: UserId,
    /// Its times.
    pub life: SessionLife,
}

/// A customer that was merged into another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergedCustomer {
    /// The number that the merged customer had.
    pub id: CustomerId,
    /// The customer that has its data now.
    pub into: CustomerId,
}

/// An event with the customer whose erasure removes its snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedEvent {
    /// The event.
    pub event: Event,
    /// The customer whose data the snapshot holds now, or one who was merged into that customer. It differs
    /// from the snapshot's customer if the subject was moved to another one later. `None` without a snapshot, and for a snapshot without a
    /// customer's data.
    pub customer_id: Option<CustomerId>,
}

/// A delivery of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedDelivery {
    /// The webhook.
    pub webhook_id: WebhookId,
    /// The delivery.
    pub delivery: Delivery,
}

/// An attempt of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchivedAttempt {
    /// The webhook.
    pub webhook_id: WebhookId,
    /// The attempt.
    pub attempt: Attempt,
}

/// The record of the first request with an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The operation.
    pub operation: String,
    /// The caller's key.
    pub key: IdempotencyKey,
    /// The digest of the request.
    pub fingerprint: Fingerprint,
    /// The response.
    pub receipt: Receipt,
    /// When the request was made.
    pub requested_at: Timestamp,
}

/// The place of an entry in its shop's archive. No two entries of a shop have the same place. Texts are
/// in order of their bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each as in `ArchiveEntry`")]
pub enum ArchivePlace {
    User(UserId),
    Credential(UserId),
    /// The hash of its token.
    Session([u8; 32]),
    ApiKey(KeyNumber),
    Customer(CustomerId),
    MergedCustomer(CustomerId),
    Ticket(TicketId),
    Comment(CommentId),
    SavedReply(SavedReplyId),
    Event(EventPosition),
    Webhook(WebhookId),
    Delivery(WebhookId, EventPosition),
    Attempt(WebhookId, i64),
    /// The key, then the operation.
    IdempotencyRecord(IdempotencyKey, String),
}

impl ArchiveEntry {
    /// Returns its place in the archive.
    pub fn place(&self) -> ArchivePlace {
        match self {
            Self::User(user) => ArchivePlace::User(user.id),
            Self::Credential(credential) => ArchivePlace::Credential(credential.user_id),
            Self::Session(session) => ArchivePlace::Session(session.token_hash.0),
            Self::ApiKey(key) => ArchivePlace::ApiKey(key.number),
            Self::Customer(customer) => ArchivePlace::Customer(customer.id),
            Self::MergedCustomer(merged) => ArchivePlace::MergedCustomer(merged.id),
            Self::Ticket(ticket) => ArchivePlace::Ticket(ticket.ticket.id),
            Self::Comment(comment) => ArchivePlace::Comment(comment.id),
            Self::SavedReply(reply) => ArchivePlace::SavedReply(reply.id),
            Self::Event(archived) => ArchivePlace::Event(archived.event.position),
            Self::Webhook(webhook) => ArchivePlace::Webhook(webhook.id),
            Self::Delivery(of) => ArchivePlace::Delivery(of.webhook_id, of.delivery.position),
            Self::Attempt(of) => ArchivePlace::Attempt(of.webhook_id, of.attempt.number),
            Self::IdempotencyRecord(record) => {
                ArchivePlace::IdempotencyRecord(record.key.clone(), record.operation.clone())
            }
        }
    }
}

/// The texts that can be long.
impl TextBytes for ArchiveEntry {
    fn text_bytes(&self) -> usize {
        match self {
            Self::User(user) => user.text_bytes(),
            Self::ApiKey(key) => key.text_bytes(),
            Self::Customer(customer) => customer.text_bytes(),
            Self::Ticket(ticket) => ticket.text_bytes(),
            Self::Comment(comment) => comment.text_bytes(),
            Self::SavedReply(reply) => reply.title.len() + reply.text.len(),
            Self::Event(archived) => archived.event.text_bytes(),
            Self::Webhook(webhook) => webhook.url.len(),
            Self::IdempotencyRecord(record) => record.receipt.response.len(),
            Self::Credential(_)
            | Self::Session(_)
            | Self::MergedCustomer(_)
            | Self::Delivery(_)
            | Self::Attempt(_) => 0,
        }
    }
}
