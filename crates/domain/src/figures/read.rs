//! The use case: read the figures of the last days.

use std::sync::Arc;

use crate::ports::{Clock, FigureStore, UserStore};
use crate::tickets::millis_between;
use crate::{Day, FirstAnswer, OpenTickets, ShopId, StorageError, User};

/// Reads the figures of a shop. It looks at a bounded number of rows, whatever the size of the shop.
#[derive(Clone)]
pub struct ReadFigures {
    store: Arc<dyn FigureStore>,
    users: Arc<dyn UserStore>,
    clock: Arc<dyn Clock>,
}

/// The figures of the last days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Every day, the oldest first. The last is not over yet.
    pub days: Vec<FigureDay>,
    /// How long the tickets waited that were opened on the counted days.
    pub waits: Waits,
    /// The tickets that are open now.
    pub backlog: Backlog,
}

/// One day of the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FigureDay {
    /// The day.
    pub day: Day,
    /// The numbers of tickets that were opened, first answered and closed. Absent if the later days have
    /// too many tickets and comments: [`Figures::MAX_ENTRIES`].
    pub counts: Option<[u64; 3]>,
}

/// The times between the creation of tickets and their first answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waits {
    /// The number of tickets with an answer.
    pub answered: u64,
    /// The number of tickets without an answer.
    pub unanswered: u64,
    /// In milliseconds: a half of the answered tickets waited no longer. Absent without an answer.
    pub median: Option<i64>,
    /// In milliseconds: nine of ten answered tickets waited no longer.
    pub ninth_decile: Option<i64>,
}

/// The open tickets of a shop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Backlog {
    /// The number of open tickets.
    pub total: u64,
    /// Whether there may be more: the count stops at [`Figures::MAX_OPEN`].
    pub is_cut: bool,
    /// The channels with the most tickets, the largest first.
    pub by_channel: Vec<(String, u64)>,
    /// The assignees with the most tickets, the largest first. `None` is nobody.
    pub by_assignee: Vec<(Option<User>, u64)>,
}

impl Figures {
    /// The most days.
    pub const MAX_DAYS: u32 = 90;
    /// The most tickets, comments and closings that are counted. The latest days are counted first.
    pub const MAX_ENTRIES: u64 = 300_000;
    /// The most open tickets that are counted.
    pub const MAX_OPEN: u64 = 100_000;
}

impl Backlog {
    /// Returns the number of tickets of all other channels or assignees than the listed ones.
    pub fn rest<T>(&self, listed: &[(T, u64)]) -> u64 {
        self.total.saturating_sub(listed.iter().map(|(_, tickets)| tickets).sum())
    }
}

impl Waits {
    /// `waits` are those of the answered tickets, in milliseconds.
    fn new(opened: u64, mut waits: Vec<i64>) -> Self {
        waits.sort_unstable();
        let answered = waits.len();
        // The nearest rank: the smallest wait that this share of the tickets does not exceed.
        let decile = |tenths: usize| waits.get((answered * tenths).div_ceil(10).saturating_sub(1)).copied();
        let answered = u64::try_from(answered).unwrap_or(u64::MAX);
        Self {
            answered,
            unanswered: opened.saturating_sub(answered),
            median: decile(5),
            ninth_decile: decile(9),
        }
    }
}

impl ReadFigures {
    /// Connects the use case to these ports.
    pub fn new(store: Arc<dyn FigureStore>, users: Arc<dyn UserStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, users, clock }
    }

    /// Returns the figures of the shop for today and the days before: `days` in all, from 1 to
    /// [`Figures::MAX_DAYS`]. Days are in UTC. A ticket or comment is of the day on which its id was
    /// created.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    pub async fn execute(&self, shop: ShopId, days: u32) -> Result<Figures, StorageError> {
        let today = Day::of(self.clock.now());
        let mut counted = Vec::new();
        let mut first_answers: Vec<FirstAnswer> = Vec::new();
        let (mut opened, mut entries_left) = (0, Figures::MAX_ENTRIES);
        // Day by day: each is a short read, between which the reads of other shops have their turn.
        let days = 0..days.clamp(1, Figures::MAX_DAYS);
        for day in days.clone().map(|back| today.earlier(back)) {
            let Some(figures) = self.store.count_day(shop, day, entries_left).await? else { break };
            entries_left = entries_left.saturating_sub(figures.entries);
            opened += figures.opened;
            let answered = u64::try_from(figures.first_answers.len()).unwrap_or(u64::MAX);
            first_answers.extend(figures.first_answers);
            counted.push((day, [figures.opened, answered, figures.closed]));
        }
        let begins = counted.last().map_or(i64::MAX, |(day, _)| day.ids().start);
        let waits = first_answers.iter().filter(|answered| answered.ticket.get() >= begins);
        let waits =
            waits.map(|FirstAnswer { ticket, answer }| millis_between(ticket.get(), answer.get()).max(0));
        let waits = Waits::new(opened, waits.collect());
        let mut counts = counted.into_iter().map(|(_, counts)| counts);
        let mut days: Vec<_> =
            days.map(|back| FigureDay { day: today.earlier(back), counts: counts.next() }).collect();
        days.reverse();
        Ok(Figures { days, waits, backlog: self.backlog(shop).await? })
    }

    async fn backlog(&self, shop: ShopId) -> Result<Backlog, StorageError> {
        let OpenTickets { total, by_channel, by_assignee: assignees } =
            self.store.count_open_tickets(shop, Figures::MAX_OPEN).await?;
        let mut by_assignee = Vec::new();
        for (assignee, tickets) in assignees {
            let user = match assignee {
                Some(user) => self.users.find_user(shop, user).await?,
                None => None,
            };
            by_assignee.push((user, tickets));
        }
        Ok(Backlog { total, is_cut: total >= Figures::MAX_OPEN, by_channel, by_assignee })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_waits_are_waits_of_tickets() {
        let waits = |waits: Vec<i64>| {
            let Waits { median, ninth_decile, .. } = Waits::new(0, waits);
            (median, ninth_decile)
        };
        assert_eq!(waits(vec![]), (None, None));
        assert_eq!(waits(vec![7]), (Some(7), Some(7)));
        assert_eq!(waits(vec![9, 1]), (Some(1), Some(9)));
        assert_eq!(waits((1..=10).rev().collect()), (Some(5), Some(9)));
        assert_eq!(waits((1..=11).collect()), (Some(6), Some(10)));
        let Waits { answered, unanswered, .. } = Waits::new(5, vec![1, 2]);
        assert_eq!((answered, unanswered), (2, 3));
    }
}
