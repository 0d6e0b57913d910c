//! What a store counts for figures.

use std::ops::Range;

use crate::tickets::first_id_at;
use crate::{CommentId, TicketId, Timestamp, UserId};

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// A day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

impl Day {
    /// Returns the day of this time.
    pub const fn of(time: Timestamp) -> Self {
        Self(time.unix_millis().div_euclid(DAY_MILLIS))
    }

    /// Returns the day this many days earlier.
    #[must_use]
    pub fn earlier(self, days: u32) -> Self {
        Self(self.0 - i64::from(days))
    }

    /// Returns its midnight.
    pub fn start(self) -> Timestamp {
        Timestamp::EPOCH.saturating_add_millis(self.0.saturating_mul(DAY_MILLIS))
    }

    /// Returns the times of the day: from its midnight to the next.
    pub fn times(self) -> Range<Timestamp> {
        self.start()..Self(self.0 + 1).start()
    }

    /// Returns the ids that [`TicketIdGenerator`](crate::TicketIdGenerator) creates on the day.
    pub fn ids(self) -> Range<i64> {
        let times = self.times();
        first_id_at(times.start)..first_id_at(times.end)
    }
}

/// What happened in a shop on one day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayFigures {
    /// The number of new tickets that have a human ticket.
    pub opened: u64,
    /// The tickets that were first answered on the day, in any order.
    pub first_answers: Vec<FirstAnswer>,
    /// The number of tickets that were closed.
    pub closed: u64,
    /// The number of tickets, comments and closings of the day.
    pub entries: u64,
}

/// The first answer to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FirstAnswer {
    /// The ticket.
    pub ticket: TicketId,
    /// The answer.
    pub answer: CommentId,
}

/// The open tickets of a shop, counted by channel and by assignee.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenTickets {
    /// The number of counted tickets.
    pub total: u64,
    /// The channels with the most tickets, the largest first.
    pub by_channel: Vec<(String, u64)>,
    /// The assignees with the most tickets, the largest first. `None` is nobody.
    pub by_assignee: Vec<(Option<UserId>, u64)>,
}

impl OpenTickets {
    /// The most channels and the most assignees of the result.
    pub const MAX_GROUPS: usize = 20;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_and_ends_at_midnight() {
        let at = |text| Timestamp::parse(text).unwrap();
        let day = Day::of(at("2026-11-30T23:59:59.999Z"));
        assert_eq!(day.times(), at("2026-11-30")..at("2026-12-01"));
        assert_eq!(day.earlier(30).start(), at("2026-10-31"));
        assert_eq!(Day::of(at("1969-12-31T23:59:59Z")).start(), at("1969-12-31"));
        assert_eq!(day.ids().start, day.earlier(1).ids().end);
        assert!(Day::of(at("2023-12-31")).ids().is_empty());
        for extreme in [Timestamp::MIN, Timestamp::MAX] {
            assert!(Day::of(extreme).ids().is_empty());
        }
    }
}
