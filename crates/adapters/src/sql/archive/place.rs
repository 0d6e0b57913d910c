use hexdesk_domain::ArchivePlace;

/// Where a reader goes on: after the row with this key.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    User(i64),
    Credential(i64),
    Session(Vec<u8>),
    ApiKey(i64),
    Customer(i64),
    MergedCustomer(i64),
    Ticket(i64),
    Comment(i64),
    SavedReply(i64),
    Event(i64, i64),
    Webhook(i64),
    Delivery(i64, i64, i64),
    Attempt(i64, i64),
    IdempotencyRecord(String, String),
    End,
}

/// Before all numbers that are stored.
const FIRST: i64 = i64::MIN;

impl Place {
    /// The beginning of an archive.
    pub(crate) const BEGINNING: Self = Self::User(FIRST);

    /// The beginning of the next kind.
    pub(crate) fn next_kind(&self) -> Self {
        match self {
            Self::User(_) => Self::Credential(FIRST),
            Self::Credential(_) => Self::Session(Vec::new()),
            Self::Session(_) => Self::ApiKey(FIRST),
            Self::ApiKey(_) => Self::Customer(FIRST),
            Self::Customer(_) => Self::MergedCustomer(FIRST),
            Self::MergedCustomer(_) => Self::Ticket(FIRST),
            Self::Ticket(_) => Self::Comment(FIRST),
            Self::Comment(_) => Self::SavedReply(FIRST),
            Self::SavedReply(_) => Self::Event(FIRST, FIRST),
            Self::Event(..) => Self::Webhook(FIRST),
            Self::Webhook(_) => Self::Delivery(FIRST, FIRST, FIRST),
            Self::Delivery(..) => Self::Attempt(FIRST, FIRST),
            Self::Attempt(..) => Self::IdempotencyRecord(String::new(), String::new()),
            Self::IdempotencyRecord(..) | Self::End => Self::End,
        }
    }
}

impl From<ArchivePlace> for Place {
    fn from(place: ArchivePlace) -> Self {
        match place {
            ArchivePlace::User(id) => Self::User(id.get()),
            ArchivePlace::Credential(user) => Self::Credential(user.get()),
            ArchivePlace::Session(token_hash) => Self::Session(token_hash.to_vec()),
            ArchivePlace::ApiKey(number) => Self::ApiKey(number.get()),
            ArchivePlace::Customer(id) => Self::Customer(id.get()),
            ArchivePlace::MergedCustomer(id) => Self::MergedCustomer(id.get()),
            ArchivePlace::Ticket(id) => Self::Ticket(id.get()),
            ArchivePlace::Comment(id) => Self::Comment(id.get()),
            ArchivePlace::SavedReply(id) => Self::SavedReply(id.get()),
            ArchivePlace::Event(position) => Self::Event(position.change, position.part),
            ArchivePlace::Webhook(id) => Self::Webhook(id.get()),
            ArchivePlace::Delivery(webhook, position) => {
                Self::Delivery(webhook.get(), position.change, position.part)
            }
            ArchivePlace::Attempt(webhook, number) => Self::Attempt(webhook.get(), number),
            ArchivePlace::IdempotencyRecord(key, operation) => {
                Self::IdempotencyRecord(key.as_str().to_owned(), operation)
            }
        }
    }
}
