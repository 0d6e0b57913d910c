use std::collections::BTreeSet;

use super::event::{Event, EventKind};

/// Conditions on events. An event must meet all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// One of these kinds. If there is none, every kind.
    pub kinds: BTreeSet<EventKind>,
}

impl EventFilter {
    /// Returns whether the event meets the conditions.
    pub fn matches(&self, event: &Event) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&event.kind)
    }
}
