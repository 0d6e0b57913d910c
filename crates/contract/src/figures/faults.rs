use std::collections::BTreeSet;

use hexdesk_domain::{Comment, Day, DayFigures, OpenTickets, ShopId};

use crate::faulty::{Fault, fault};
use crate::memory::State;

impl Fault {
    /// Changes the figures of a day that is counted.
    fn counted_day(
        self,
        change: impl Fn(&State, ShopId, Day, &mut DayFigures) + Send + Sync + 'static,
    ) -> Self {
        self.count_day(move |store, shop, day, at_most| {
            Ok(store.count_day(shop, day, at_most).map(|mut figures| {
                change(store, shop, day, &mut figures);
                figures
            }))
        })
    }

    /// Counts these comments as answers.
    fn with_answers(self, is_answer: impl Fn(&Comment) -> bool + Copy + Send + Sync + 'static) -> Self {
        self.counted_day(move |state, shop, day, figures| {
            figures.first_answers = state.first_answers(shop, day, is_answer);
        })
    }
}

fn is_answer(comment: &Comment) -> bool {
    comment.is_from_shop && !comment.is_note
}

/// The length of a sequence.
fn count<T>(sequence: impl Iterator<Item = T>) -> u64 {
    sequence.count() as u64
}

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        fault("FIGURE-1", "Every new ticket is opened.").counted_day(|state, shop, day, figures| {
            let tickets = state.with_human_tickets(shop);
            figures.opened = count(tickets.filter(|(ticket, _)| day.ids().contains(&ticket.id.get())));
        }),
        fault("FIGURE-1", "A closed ticket was not opened.").counted_day(|state, shop, day, figures| {
            let tickets = state.open_tickets(shop);
            figures.opened = count(tickets.filter(|ticket| day.ids().contains(&ticket.id.get())));
        }),
        fault("FIGURE-1", "A day has the first id of the next.").counted_day(|state, shop, day, figures| {
            let tickets = state.with_human_tickets(shop).filter(|(_, human_ticket)| human_ticket.is_some());
            let (start, end) = (day.ids().start, day.ids().end);
            figures.opened = count(tickets.filter(|(ticket, _)| (start..=end).contains(&ticket.id.get())));
        }),
        fault("FIGURE-1", "The tickets of all shops are opened.").counted_day(|state, _, day, figures| {
            let shops: BTreeSet<ShopId> = state.shops.keys().copied().collect();
            let of_shops = shops.into_iter().filter_map(|shop| state.count_day(shop, day, u64::MAX));
            figures.opened = of_shops.map(|figures| figures.opened).sum();
        }),
        fault("FIGURE-2", "A note is an answer.").with_answers(|comment| comment.is_from_shop),
        fault("FIGURE-2", "A customer's message is an answer.").with_answers(|comment| !comment.is_note),
        fault("FIGURE-2", "Every answer is a first one.").counted_day(|state, shop, day, figures| {
            let answers =
                state.comments.values().filter(|comment| is_answer(comment)).map(|answer| answer.id);
            let answers = answers.flat_map(|id| state.first_answers(shop, day, |comment| comment.id == id));
            figures.first_answers = answers.collect();
        }),
        fault("FIGURE-2", "An answer is only looked for on the day of its ticket.").counted_day(
            |_, _, day, figures| {
                figures.first_answers.retain(|answered| day.ids().contains(&answered.ticket.get()));
            },
        ),
        fault("FIGURE-2", "The first answer is the one with the earliest time.").counted_day(
            |state, shop, day, figures| {
                let answers = state.comments.values().filter(|comment| is_answer(comment));
                figures.first_answers = state.first_answers(shop, day, |comment| {
                    let of_ticket = answers.clone().filter(|it| it.ticket_id == comment.ticket_id);
                    let earliest = of_ticket.filter(|it| it.shop_id == shop).min_by_key(|it| it.time);
                    earliest.is_some_and(|earliest| earliest.id == comment.id)
                });
            },
        ),
        fault("FIGURE-3", "A day ends with the midnight of the next.").counted_day(
            |state, shop, day, figures| {
                let closed =
                    state.with_human_tickets(shop).filter_map(|(_, human_ticket)| human_ticket?.closed_at);
                let (start, end) = (day.times().start, day.times().end);
                figures.closed = count(closed.filter(|time| (start..=end).contains(time)));
            },
        ),
        fault("FIGURE-3", "The closings of all shops are counted.").counted_day(|state, _, day, figures| {
            let closed = state.human_tickets.values().filter_map(|human_ticket| human_ticket.closed_at);
            figures.closed = count(closed.filter(|time| day.times().contains(time)));
        }),
        fault("FIGURE-3", "A ticket is closed on the day of its last message.").counted_day(
            |state, shop, day, figures| {
                let closed = state.with_human_tickets(shop).filter(|(ticket, _)| !ticket.is_opened);
                figures.closed =
                    count(closed.filter(|(ticket, _)| day.times().contains(&ticket.last_message_time)));
            },
        ),
        fault("FIGURE-4", "A day at its limit is not counted.").count_day(|store, shop, day, at_most| {
            Ok(at_most.checked_sub(1).and_then(|less| store.count_day(shop, day, less)))
        }),
        fault("FIGURE-4", "The limit holds for tickets only.").count_day(|store, shop, day, at_most| {
            let tickets = store.with_human_tickets(shop);
            let tickets = count(tickets.filter(|(ticket, _)| day.ids().contains(&ticket.id.get())));
            Ok(store.count_day(shop, day, u64::MAX).filter(|_| tickets <= at_most))
        }),
        fault("FIGURE-4", "Only opened tickets are entries.").counted_day(|state, shop, day, figures| {
            let tickets = state.with_human_tickets(shop).filter(|(_, human_ticket)| human_ticket.is_none());
            figures.entries -= count(tickets.filter(|(ticket, _)| day.ids().contains(&ticket.id.get())));
        }),
        fault("FIGURE-5", "Closed tickets are counted.").count_open_tickets(|store, shop, _| {
            Ok(State::group(store.with_human_tickets(shop).map(|(ticket, _)| ticket)))
        }),
        fault("FIGURE-5", "The tickets of all shops are counted.").count_open_tickets(|store, _, _| {
            let tickets = store.tickets.values().map(|stored| &stored.ticket);
            Ok(State::group(tickets.filter(|ticket| ticket.is_opened)))
        }),
        fault("FIGURE-5", "Nobody is not an assignee.").count_open_tickets(|store, shop, at_most| {
            let mut open = store.count_open_tickets(shop, at_most);
            open.by_assignee.retain(|(assignee, _)| assignee.is_some());
            Ok(open)
        }),
        fault("FIGURE-5", "The smallest channel is first.").count_open_tickets(|store, shop, at_most| {
            let mut open = store.count_open_tickets(shop, at_most);
            open.by_channel.reverse();
            Ok(open)
        }),
        fault("FIGURE-5", "Only the returned channels are counted.").count_open_tickets(
            |store, shop, at_most| {
                let open = store.count_open_tickets(shop, at_most);
                let total = open.by_channel.iter().map(|(_, tickets)| tickets).sum();
                Ok(OpenTickets { total, ..open })
            },
        ),
        fault("FIGURE-6", "The limit is not used.")
            .count_open_tickets(|store, shop, _| Ok(store.count_open_tickets(shop, u64::MAX))),
        fault("FIGURE-6", "Closed tickets count towards the limit.").count_open_tickets(
            |store, shop, at_most| {
                let first =
                    store.with_human_tickets(shop).take(usize::try_from(at_most).unwrap_or(usize::MAX));
                Ok(State::group(first.map(|(ticket, _)| ticket).filter(|ticket| ticket.is_opened)))
            },
        ),
    ]
}
