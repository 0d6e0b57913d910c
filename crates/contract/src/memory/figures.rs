use std::collections::BTreeMap;

use async_trait::async_trait;
use hexdesk_domain::{
    Comment, Day, DayFigures, FigureStore, FirstAnswer, HumanTicket, OpenTickets, ShopId, StorageError,
    Ticket, TicketId,
};

use super::{MemoryStorage, State};

impl State {
    /// The tickets of the shop, each with its human ticket.
    pub(crate) fn with_human_tickets(
        &self,
        shop: ShopId,
    ) -> impl Iterator<Item = (&Ticket, Option<&HumanTicket>)> {
        let of_shop = self.tickets.values().filter(move |stored| stored.ticket.shop_id == shop);
        of_shop.map(move |stored| {
            let number = stored.human_ticket;
            (&stored.ticket, number.and_then(|number| self.human_tickets.get(&(shop, number))))
        })
    }

    /// The first of these answers to each ticket with a human ticket, if it is of the day.
    pub(crate) fn first_answers(
        &self,
        shop: ShopId,
        day: Day,
        is_answer: impl Fn(&Comment) -> bool,
    ) -> Vec<FirstAnswer> {
        let answered = self.with_human_tickets(shop).filter(|(_, human_ticket)| human_ticket.is_some());
        let first = |ticket: TicketId| {
            let answers = self.comments.values().filter(|comment| is_answer(comment));
            answers
                .filter(|answer| answer.shop_id == shop && answer.ticket_id == ticket)
                .map(|it| it.id)
                .min()
        };
        let first_answers = answered
            .filter_map(|(ticket, _)| Some(FirstAnswer { ticket: ticket.id, answer: first(ticket.id)? }));
        first_answers.filter(|first| day.ids().contains(&first.answer.get())).collect()
    }

    pub(crate) fn count_day(&self, shop: ShopId, day: Day, at_most: u64) -> Option<DayFigures> {
        let (ids, times) = (day.ids(), day.times());
        let (mut tickets, mut opened, mut closed) = (0, 0, 0);
        for (ticket, human_ticket) in self.with_human_tickets(shop) {
            let is_new = ids.contains(&ticket.id.get());
            let closed_at = human_ticket.and_then(|human_ticket| human_ticket.closed_at);
            tickets += u64::from(is_new);
            opened += u64::from(is_new && human_ticket.is_some());
            closed += u64::from(closed_at.is_some_and(|time| times.contains(&time)));
        }
        let comments = self.comments.values().filter(|comment| comment.shop_id == shop);
        let comments = comments.filter(|comment| ids.contains(&comment.id.get())).count() as u64;
        let first_answers = self.first_answers(shop, day, |answer| answer.is_from_shop && !answer.is_note);
        let entries = tickets + comments + closed;
        (entries <= at_most).then_some(DayFigures { opened, first_answers, closed, entries })
    }

    /// Groups these tickets.
    pub(crate) fn group<'a>(tickets: impl Iterator<Item = &'a Ticket>) -> OpenTickets {
        let (mut channels, mut assignees) = (BTreeMap::new(), BTreeMap::new());
        let mut total = 0;
        for ticket in tickets {
            total += 1;
            *channels.entry(ticket.channel.clone()).or_default() += 1;
            *assignees.entry(ticket.assigned_to).or_default() += 1;
        }
        OpenTickets { total, by_channel: largest(channels), by_assignee: largest(assignees) }
    }

    pub(crate) fn open_tickets(&self, shop: ShopId) -> impl Iterator<Item = &Ticket> {
        self.with_human_tickets(shop).map(|(ticket, _)| ticket).filter(|ticket| ticket.is_opened)
    }

    pub(crate) fn count_open_tickets(&self, shop: ShopId, at_most: u64) -> OpenTickets {
        Self::group(self.open_tickets(shop).take(usize::try_from(at_most).unwrap_or(usize::MAX)))
    }
}

/// The largest groups, the largest first.
fn largest<T>(groups: BTreeMap<T, u64>) -> Vec<(T, u64)> {
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, tickets)| std::cmp::Reverse(*tickets));
    groups.truncate(OpenTickets::MAX_GROUPS);
    groups
}

#[async_trait]
impl FigureStore for MemoryStorage {
    async fn count_day(
        &self,
        shop: ShopId,
        day: Day,
        at_most: u64,
    ) -> Result<Option<DayFigures>, StorageError> {
        Ok(self.state().count_day(shop, day, at_most))
    }

    async fn count_open_tickets(&self, shop: ShopId, at_most: u64) -> Result<OpenTickets, StorageError> {
        Ok(self.state().count_open_tickets(shop, at_most))
    }
}
