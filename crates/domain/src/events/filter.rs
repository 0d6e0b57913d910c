use std::collections::BTreeSet;

use super::event::{Event, EventKind, Subject};
use crate::Timestamp;

/// Conditions on events. An event must meet all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFilter {
    /// One of these kinds. If there is none, every kind.
    pub kinds: BTreeSet<EventKind>,
    /// About this resource.
    pub subject: Option<Subject>,
    /// At this time or later. The times of a log are not in order.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub before: Option<Timestamp>,
    /// How many events of the log a list with conditions may look at (EVENT-17). At least 1; 0 counts
    /// as 1.
    pub at_most: u32,
}

impl EventFilter {
    /// How many events of the log a list looks at by default. There is no index of the conditions, so
    /// this bounds the cost of a list.
    pub const AT_MOST: u32 = 10_000;

    /// Returns whether it has any condition.
    pub fn has_conditions(&self) -> bool {
        let Self { kinds, subject, from, before, at_most: _ } = self;
        !kinds.is_empty() || subject.is_some() || from.is_some() || before.is_some()
    }

    /// Returns whether the event meets the conditions.
    pub fn matches(&self, event: &Event) -> bool {
        let Self { kinds, subject, from, before, at_most: _ } = self;
        (kinds.is_empty() || kinds.contains(&event.kind))
            && subject.is_none_or(|subject| event.subject == subject)
            && from.is_none_or(|from| event.stamp.time >= from)
            && before.is_none_or(|before| event.stamp.time < before)
    }

    /// Returns the kinds that an event can have, or `None` if it can have any. For stores that keep the
    /// kind and the number of a subject, but not its type.
    pub fn possible_kinds(&self) -> Option<BTreeSet<EventKind>> {
        if self.kinds.is_empty() && self.subject.is_none() {
            return None;
        }
        let is_possible = |kind: &EventKind| {
            (self.kinds.is_empty() || self.kinds.contains(kind))
                && self.subject.is_none_or(|subject| kind.subject(subject.number()) == Some(subject))
        };
        Some(EventKind::ALL.iter().copied().filter(is_possible).collect())
    }
}

impl Default for EventFilter {
    fn default() -> Self {
        Self { kinds: BTreeSet::new(), subject: None, from: None, before: None, at_most: Self::AT_MOST }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EventPosition, NewEvent, samples};

    #[test]
    fn a_kind_is_possible_if_its_events_can_meet_the_conditions() {
        let position = EventPosition { change: 1, part: 0 };
        let event = NewEvent::user_created(samples::user()).at(samples::shop().id, position, samples::STAMP);
        let kinds = BTreeSet::from([EventKind::UserCreated, EventKind::TicketCreated]);
        let of_user = EventFilter { subject: Some(event.subject), ..EventFilter::default() };
        let of_users = EventKind::ALL.iter().copied().filter(|kind| kind.as_str().starts_with("user."));
        for (filter, possible) in [
            (EventFilter::default(), None),
            (EventFilter { kinds: kinds.clone(), ..EventFilter::default() }, Some(kinds.clone())),
            (of_user.clone(), Some(of_users.collect())),
            (EventFilter { kinds, ..of_user }, Some([EventKind::UserCreated].into())),
        ] {
            assert!(filter.matches(&event));
            assert_eq!(filter.possible_kinds(), possible);
            assert_eq!(filter.has_conditions(), possible.is_some());
        }
    }
}
