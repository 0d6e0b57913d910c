use crate::{EventKind, EventPosition, Timestamp};

/// The class of an error that left an attempt without a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptError {
    /// The host name has no address.
    Dns,
    /// The address is not allowed.
    RefusedAddress,
    /// No connection, or no valid HTTP response on it.
    Connect,
    /// TLS failed, such as by an invalid certificate.
    Tls,
    /// The attempt took too long.
    Timeout,
}

impl AttemptError {
    /// Every class.
    pub const ALL: &[Self] = &[Self::Dns, Self::RefusedAddress, Self::Connect, Self::Tls, Self::Timeout];

    /// Its name: `refused_address`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::RefusedAddress => "refused_address",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
        }
    }

    /// Returns the class with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.as_str() == name)
    }
}

/// The result of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptResult {
    /// The status of the response.
    Status(u16),
    /// There is no response.
    Error(AttemptError),
}

impl AttemptResult {
    /// Whether it is a success: a status from 200 to 299.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Status(200..=299))
    }

    /// Whether the endpoint wants no more events: the status 410.
    pub const fn is_gone(self) -> bool {
        matches!(self, Self::Status(410))
    }
}

/// An attempt that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewAttempt {
    /// When it began.
    pub time: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_millis: i64,
    /// Its result.
    pub result: AttemptResult,
}

impl NewAttempt {
    /// Returns when it ended.
    pub fn end(&self) -> Timestamp {
        self.time.saturating_add_millis(self.duration_millis)
    }
}

/// An attempt to deliver an event, as listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Its number among the attempts of the webhook. The first is 1.
    pub number: i64,
    /// The position of the event in the shop's log. `None` for a test.
    pub position: Option<EventPosition>,
    /// The kind of the event. `None` for a test.
    pub kind: Option<EventKind>,
    /// Its number among the attempts of the delivery. The first is 1.
    pub of_delivery: u32,
    /// The attempt.
    pub made: NewAttempt,
    /// When the delivery is due again. `None` if it succeeded or was given up.
    pub next_due: Option<Timestamp>,
}
