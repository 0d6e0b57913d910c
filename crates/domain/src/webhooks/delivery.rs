use super::attempt::NewAttempt;
use crate::{Event, EventKind, EventPosition, Subject, Timestamp, WebhookId};

/// The id of a message, in the header `webhook-id`. It follows from the webhook and the event, so it is
/// the same in every attempt and after a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WebhookMessageId {
    /// An event of the shop's log.
    Event(WebhookId, EventPosition),
    /// A test at this time.
    Test(WebhookId, Timestamp),
}

impl std::fmt::Display for WebhookMessageId {
    /// `msg_<webhook>_<change>_<part>`, or `msg_<webhook>_test_<milliseconds since 1970>`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Event(webhook, EventPosition { change, part }) => {
                write!(formatter, "msg_{webhook}_{change}_{part}")
            }
            Self::Test(webhook, time) => write!(formatter, "msg_{webhook}_test_{}", time.unix_millis()),
        }
    }
}

/// A delivery that is neither settled nor given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The position of its event.
    pub position: EventPosition,
    /// The kind of its event.
    pub kind: EventKind,
    /// The subject of its event.
    pub subject: Subject,
    /// The number of attempts that were made.
    pub attempts: u32,
    /// The number of its last claim. No other claim of the webhook has it.
    pub claim: i64,
    /// When it is due. While it is claimed, this is the end of the lease. `None` while an earlier
    /// delivery of its subject waits.
    pub due_at: Option<Timestamp>,
    /// The end of its lease, until it is settled.
    pub claimed_until: Option<Timestamp>,
}

impl Delivery {
    /// Returns the delivery of an event, without attempts.
    pub const fn new(event: &Event, due_at: Option<Timestamp>) -> Self {
        let Event { position, kind, subject, .. } = *event;
        Self { position, kind, subject, attempts: 0, claim: 0, due_at, claimed_until: None }
    }

    /// Whether this is its last claim, and was not settled.
    pub fn is_claimed_by(&self, claim: i64) -> bool {
        self.claim == claim && self.claimed_until.is_some()
    }
}

/// A delivery that the caller may attempt until the lease of its claim ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedDelivery {
    /// The number of the claim among the claims of the webhook. Settling names it.
    pub claim: i64,
    /// The number of attempts that were made before.
    pub attempts: u32,
    /// The event, as it is in the log now. Erased data is missing.
    pub event: Event,
}

/// An attempt of a claimed delivery, to settle it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// The position of the event.
    pub position: EventPosition,
    /// The number of the claim.
    pub claim: i64,
    /// The attempt.
    pub attempt: NewAttempt,
    /// A random number from −100 to 100: it changes the delay before the next attempt by as many parts
    /// per thousand.
    pub jitter: i64,
    /// The delay that the endpoint asked for with `Retry-After`, in milliseconds. It only lengthens the
    /// delay, to 24 hours at most.
    pub retry_after_millis: Option<i64>,
}

/// A part of a shop's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryRange {
    /// The position before its first event. `None` begins with the log.
    pub after: Option<EventPosition>,
    /// The position of its last event.
    pub until: EventPosition,
}

impl DeliveryRange {
    /// The most events of a range that is replayed.
    pub const MAX_EVENTS: u64 = 100_000;

    /// The range of this one event.
    pub const fn of_event(position: EventPosition) -> Self {
        Self { after: Some(position.before()), until: position }
    }

    /// Whether an event with this position is in the range.
    pub fn contains(&self, position: EventPosition) -> bool {
        self.after.is_none_or(|after| after < position) && position <= self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_name_the_webhook_and_the_event() {
        let webhook = WebhookId::new(5).unwrap();
        let event = WebhookMessageId::Event(webhook, EventPosition { change: 12, part: 1 });
        assert_eq!(event.to_string(), "msg_5_12_1");
        let test = WebhookMessageId::Test(webhook, Timestamp::from_unix_millis(7).unwrap());
        assert_eq!(test.to_string(), "msg_5_test_7");
    }

    #[test]
    fn a_range_has_its_last_event_only() {
        let at = |change| EventPosition { change, part: 0 };
        let range = DeliveryRange { after: Some(at(2)), until: at(4) };
        let inside: Vec<bool> = (1..6).map(|change| range.contains(at(change))).collect();
        assert_eq!(inside, [false, false, true, true, false]);
        assert!(DeliveryRange { after: None, until: at(4) }.contains(at(1)));
        for part in [0, 2] {
            let event = EventPosition { change: 3, part };
            let range = DeliveryRange::of_event(event);
            assert!(range.contains(event) && !range.contains(event.before()), "{range:?}");
            assert!(!range.contains(at(2)) && !range.contains(EventPosition::end_of(2)), "{range:?}");
        }
    }
}
