//! Faults of lists and counts of tickets.

use std::cmp::Reverse;

use hexdesk_domain::limits::MAX_PAGE_ENTRIES;
use hexdesk_domain::{
    AssigneeFilter, Page, ShopId, Ticket, TicketFilter, TicketId, TicketPosition, TicketView, Timestamp,
};

use crate::faulty::{Fault, KEY_BYTES, Store, cut, fault, full_page_goes_on, rest};
use crate::memory::State;
use crate::page_faults::page_faults;

pub(super) fn meets(ticket: &Ticket, filter: &TicketFilter) -> bool {
    filter.matches(ticket)
}

pub(super) fn listed(
    state: &State,
    shop: ShopId,
    filter: &TicketFilter,
) -> Vec<(TicketPosition, TicketView)> {
    state.tickets_of(shop, |ticket| meets(ticket, filter))
}

fn order(position: &TicketPosition) -> (Timestamp, TicketId) {
    (position.last_message_time, position.id)
}

fn is_after(position: &TicketPosition, after: &TicketPosition) -> bool {
    order(position) < order(after)
}

/// Returns whether the text matches the pattern of SQL's `LIKE`.
fn is_like(text: &[char], pattern: &[char]) -> bool {
    match (pattern, text) {
        ([], _) => text.is_empty(),
        (['%', rest @ ..], _) => (0..=text.len()).any(|skipped| is_like(&text[skipped..], rest)),
        (['_', pattern @ ..], [_, text @ ..]) => is_like(text, pattern),
        ([wanted, pattern @ ..], [there, text @ ..]) => wanted == there && is_like(text, pattern),
        (_, []) => false,
    }
}

/// The last millisecond of the same second.
fn end_of_second(time: Timestamp) -> Timestamp {
    time.saturating_add_millis(999 - time.unix_millis().rem_euclid(1_000))
}

fn one_later(time: Timestamp) -> Timestamp {
    time.saturating_add_millis(1)
}

impl Fault {
    /// Replaces the list, and with it the count.
    pub(super) fn ticket_list(
        self,
        list: impl Fn(&Store<'_>, ShopId, &TicketFilter) -> Vec<(TicketPosition, TicketView)>
        + Copy
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.list_tickets(move |store, shop, filter, after, size| {
            Ok(Page::cut(rest(list(store, shop, &filter), after, is_after), size))
        })
        .count_tickets(move |store, shop, filter, at_most| {
            Ok((list(store, shop, &filter).len() as u64).min(at_most))
        })
    }

    /// Changes the filter and each ticket before the comparison. Returning `false` leaves the
    /// ticket out.
    fn ticket_filter(self, is_kept: fn(&mut TicketFilter, &mut Ticket) -> bool) -> Self {
        self.ticket_list(move |store, shop, filter| {
            store.tickets_of(shop, |ticket| {
                let (mut filter, mut ticket) = (filter.clone(), ticket.clone());
                is_kept(&mut filter, &mut ticket) && meets(&ticket, &filter)
            })
        })
    }
}

pub(super) fn faults() -> Vec<Fault> {
    [of_filters(), of_order_and_pages(), of_sizes()].into_iter().flatten().collect()
}

/// Pages that end by bytes.
fn of_sizes() -> Vec<Fault> {
    let faults = page_faults!("tickets").map(|(broken, sentence)| {
        fault("TICKET-15", sentence).list_tickets(move |store, shop, filter, after, size| {
            Ok(broken.page_of(rest(listed(store, shop, &filter), after, is_after), size))
        })
    });
    faults.into()
}

fn of_filters() -> Vec<Fault> {
    vec![
        fault("TICKET-13", "Thread ids are compared in their first 511 bytes.").ticket_filter(
            |filter, ticket| {
                for id in filter.thread_id.iter_mut().chain(&mut ticket.thread_id) {
                    *id = cut(id, KEY_BYTES);
                }
                true
            },
        ),
        fault("TICKET-13", "Filters ignore the case of texts.")
            .ticket_filter(|filter, ticket| {
                let texts = filter.channels.iter_mut().chain(&mut filter.contact_reasons);
                let texts = texts.chain([&mut ticket.channel]).chain(&mut ticket.contact_reason);
                texts.for_each(|text| *text = text.to_lowercase());
                true
            })
            .found_by_the_model(),
        fault("TICKET-13", "The tag of a filter is a pattern.").ticket_filter(|filter, ticket| {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let mut tags = std::mem::take(&mut filter.tags).into_iter();
            tags.all(|tag| ticket.tags.iter().any(|there| is_like(&chars(there), &chars(&tag))))
        }),
        fault("TICKET-13", "A part of a tag matches.").ticket_filter(|filter, ticket| {
            std::mem::take(&mut filter.tags).into_iter().all(|tag| ticket.tags.join(",").contains(&tag))
        }),
        fault("TICKET-13", "Filters trim channels.").ticket_filter(|filter, ticket| {
            for channel in filter.channels.iter_mut().chain([&mut ticket.channel]) {
                *channel = channel.trim().to_owned();
            }
            true
        }),
        fault("TICKET-13", "A missing contact reason counts as empty.").ticket_filter(|_, ticket| {
            ticket.contact_reason.get_or_insert_default();
            true
        }),
        fault("TICKET-13", "One of several tags is enough.").ticket_filter(|filter, ticket| {
            let tags = std::mem::take(&mut filter.tags);
            tags.is_empty() || tags.iter().any(|tag| ticket.tags.contains(tag))
        }),
        fault("TICKET-13", "Only the first of several channels counts.").ticket_filter(|filter, _| {
            filter.channels.truncate(1);
            true
        }),
        fault("TICKET-13", "Only the first of several contact reasons counts.").ticket_filter(|filter, _| {
            filter.contact_reasons.truncate(1);
            true
        }),
        fault("TICKET-13", "No assignee is ignored among several.").ticket_filter(|filter, _| {
            if filter.assignees.len() > 1 {
                filter.assignees.retain(|assignee| *assignee != AssigneeFilter::Unassigned);
            }
            true
        }),
        fault("TICKET-13", "A thread without a customer matches nothing.")
            .ticket_filter(|filter, _| filter.thread_id.is_none() || filter.customer_id.is_some()),
        fault("TICKET-13", "An empty thread id matches tickets with an empty one.")
            .ticket_filter(|filter, ticket| {
                let empty = filter.thread_id.take_if(|id| id.is_empty());
                empty.is_none() || ticket.thread_id == empty
            })
            .found_by_the_model(),
        fault("TICKET-13", "The filter for no assignee matches every ticket.").ticket_filter(
            |filter, ticket| {
                if let [AssigneeFilter::User(user)] = filter.assignees[..] {
                    ticket.assigned_to.get_or_insert(user);
                }
                true
            },
        ),
        fault("TICKET-13", "Only tickets with an unread count of 1 count as unread.").ticket_filter(
            |_, ticket| {
                ticket.unread_count = i32::from(ticket.unread_count == 1);
                true
            },
        ),
        fault("TICKET-13", "A range of dates excludes its beginning.").ticket_filter(|filter, _| {
            filter.date_from = filter.date_from.map(one_later);
            true
        }),
        fault("TICKET-13", "A range of dates includes its end.").ticket_filter(|filter, _| {
            filter.date_before = filter.date_before.map(one_later);
            true
        }),
        fault("TICKET-13", "A range of last messages excludes its beginning.").ticket_filter(|filter, _| {
            filter.last_message_from = filter.last_message_from.map(one_later);
            true
        }),
        fault("TICKET-13", "A range of last messages includes its end.").ticket_filter(|filter, _| {
            filter.last_message_before = filter.last_message_before.map(one_later);
            true
        }),
        fault("TICKET-13", "Ranges of dates are compared in seconds.").ticket_filter(|filter, ticket| {
            let times = filter.date_from.iter_mut().chain(&mut filter.date_before);
            times.chain([&mut ticket.date]).for_each(|time| *time = end_of_second(*time));
            true
        }),
        fault("TICKET-13", "The tag is ignored in a filter with a thread.").ticket_filter(|filter, _| {
            if filter.thread_id.is_some() {
                filter.tags.clear();
            }
            true
        }),
        fault("TICKET-13", "A filter with a thread ignores the customer.").ticket_filter(|filter, _| {
            filter.customer_id.take_if(|_| filter.thread_id.is_some());
            true
        }),
        fault("TICKET-13", "Lists hold the tickets of all shops.").ticket_list(|store, shop, filter| {
            let mut tickets = listed(store, shop, filter);
            for other in store.shops.keys().filter(|other| **other != shop) {
                tickets.extend(listed(store, *other, filter));
            }
            tickets
        }),
        fault("TICKET-13", "Lists show another shop's customer.").ticket_list(|store, shop, filter| {
            let mut tickets = listed(store, shop, filter);
            for (_, view) in &mut tickets {
                let of_number = store.customers.values().rfind(|there| there.id == view.customer.id);
                view.customer = of_number.unwrap_or(&view.customer).clone();
            }
            tickets
        }),
    ]
}

fn of_order_and_pages() -> Vec<Fault> {
    vec![
        fault("TICKET-14", "Lists are in the order of dates.")
            .ticket_list(|store, shop, filter| {
                let mut tickets = listed(store, shop, filter);
                tickets.sort_by_key(|(_, view)| Reverse(view.ticket.date));
                tickets
            })
            .found_by_the_model(),
        fault("TICKET-14", "Tickets with equal times are listed smallest id first.").ticket_list(
            |store, shop, filter| {
                let mut tickets = listed(store, shop, filter);
                tickets.sort_by_key(|(position, _)| (Reverse(position.last_message_time), position.id));
                tickets
            },
        ),
        fault("TICKET-15", "A full page of tickets always has a next one.").list_tickets(
            |store, shop, filter, after, size| {
                Ok(full_page_goes_on(rest(listed(store, shop, &filter), after, is_after), size))
            },
        ),
        fault("TICKET-15", "The next page of tickets skips those with the same time.")
            .list_tickets(|store, shop, filter, after, size| {
                let mut tickets = listed(store, shop, &filter);
                tickets.retain(|(position, _)| {
                    after.is_none_or(|after| position.last_message_time < after.last_message_time)
                });
                Ok(Page::cut(tickets, size))
            })
            .found_by_the_model(),
        fault("TICKET-15", "A list of tickets cannot start after a position without a ticket.").list_tickets(
            |store, shop, filter, after, size| {
                let tickets = rest(listed(store, shop, &filter), after, |_, _| false);
                Ok(Page::cut(tickets, size))
            },
        ),
        fault("TICKET-16", "Counts of tickets end at a full page.").count_tickets(
            |store, shop, filter, _| {
                let count = listed(store, shop, &filter).len() as u64;
                Ok(count.min(u64::from(MAX_PAGE_ENTRIES)))
            },
        ),
        fault("TICKET-16", "A count ignores the limit.")
            .count_tickets(|store, shop, filter, _| Ok(listed(store, shop, &filter).len() as u64)),
        fault("TICKET-16", "A limited count is the limit.").count_tickets(|store, shop, filter, at_most| {
            let count = listed(store, shop, &filter).len() as u64;
            Ok(if at_most == u64::MAX { count } else { at_most })
        }),
        fault("TICKET-16", "A ticket is counted once for each time it has the tag.")
            .count_tickets(|store, shop, filter, _| {
                let tickets = listed(store, shop, &filter);
                let [tag] = filter.tags.as_slice() else { return Ok(tickets.len() as u64) };
                let tags = tickets.iter().flat_map(|(_, view)| &view.ticket.tags);
                Ok(tags.filter(|there| *there == tag).count() as u64)
            })
            .found_by_the_model(),
    ]
}
