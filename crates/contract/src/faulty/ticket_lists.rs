use hexdesk_domain::limits::MAX_PAGE_ENTRIES;
use hexdesk_domain::{
    AssigneeFilter, Page, ShopId, ThreadFilter, Ticket, TicketFilter, TicketPosition, TicketView, Timestamp,
};

use super::{Fault, FaultyStorage};
use crate::memory::{is_let_through, page_of};

/// Whether the text is what SQL calls `LIKE` the pattern.
fn is_like(text: &[char], pattern: &[char]) -> bool {
    match (pattern, text) {
        ([], _) => text.is_empty(),
        (['%', rest @ ..], _) => (0..=text.len()).any(|skipped| is_like(&text[skipped..], rest)),
        (['_', pattern @ ..], [_, text @ ..]) => is_like(text, pattern),
        ([wanted, pattern @ ..], [there, text @ ..]) => wanted == there && is_like(text, pattern),
        (_, []) => false,
    }
}

/// The same time or later within its second.
fn next_second(time: Timestamp) -> Timestamp {
    time.saturating_add_millis(999 - time.unix_millis().rem_euclid(1_000))
}

impl FaultyStorage {
    fn is_listed(&self, filter: &TicketFilter, ticket: &Ticket) -> bool {
        let mut filter = filter.clone();
        let mut ticket = ticket.clone();
        let millisecond_on = |time: Timestamp| time.saturating_add_millis(1);
        match self.fault {
            Fault::ListedWithoutCase => {
                let fold = |text: &mut String| *text = text.to_lowercase();
                filter.channel.iter_mut().for_each(fold);
                filter.contact_reason.iter_mut().for_each(fold);
                fold(&mut ticket.channel);
                ticket.contact_reason.iter_mut().for_each(fold);
            }
            Fault::TagIsAPattern => {
                if let Some(tag) = filter.tag.take() {
                    let chars = |text: &str| text.chars().collect::<Vec<_>>();
                    let is_there = ticket.tags.iter().any(|there| is_like(&chars(there), &chars(&tag)));
                    return is_there && is_let_through(&filter, &ticket);
                }
            }
            Fault::TagWithinTags => {
                if let Some(tag) = filter.tag.take() {
                    return ticket.tags.join(",").contains(&tag) && is_let_through(&filter, &ticket);
                }
            }
            Fault::ChannelTrimmed => {
                filter.channel = filter.channel.map(|channel| channel.trim().to_owned());
                ticket.channel = ticket.channel.trim().to_owned();
            }
            Fault::NoReasonIsEmpty => {
                ticket.contact_reason.get_or_insert_default();
            }
            Fault::ThreadOfAnyCustomer => {
                filter.thread =
                    filter.thread.map(|thread| ThreadFilter { customer_id: ticket.customer_id, ..thread });
            }
            Fault::EmptyThreadListed => {
                if let Some(thread) = filter.thread.take_if(|thread| thread.thread_id.is_empty()) {
                    return ticket.thread_id == Some(thread.thread_id)
                        && ticket.customer_id == thread.customer_id
                        && is_let_through(&filter, &ticket);
                }
            }
            Fault::UnassignedIsAnyones => {
                if let Some(AssigneeFilter::User(user)) = filter.assignee {
                    ticket.assigned_to.get_or_insert(user);
                }
            }
            Fault::UnreadIsOne => ticket.unread_count = i32::from(ticket.unread_count == 1),
            Fault::DateFromExcluded => filter.date_from = filter.date_from.map(millisecond_on),
            Fault::DateBeforeIncluded => filter.date_before = filter.date_before.map(millisecond_on),
            Fault::LastMessageFromExcluded => {
                filter.last_message_from = filter.last_message_from.map(millisecond_on);
            }
            Fault::LastMessageBeforeIncluded => {
                filter.last_message_before = filter.last_message_before.map(millisecond_on);
            }
            Fault::RangesInSeconds => {
                for time in [&mut filter.date_from, &mut filter.date_before].into_iter().flatten() {
                    *time = next_second(*time);
                }
                ticket.date = next_second(ticket.date);
            }
            Fault::TagIgnoredBesideThread if filter.thread.is_some() => filter.tag = None,
            Fault::CustomerIgnoredBesideThread if filter.thread.is_some() => filter.customer_id = None,
            _ => {}
        }
        is_let_through(&filter, &ticket)
    }

    fn listed(&self, shop: ShopId, filter: &TicketFilter) -> Vec<(TicketPosition, TicketView)> {
        let state = self.inner.state();
        let mut tickets = state.tickets_of(shop, |ticket| self.is_listed(filter, ticket));
        match self.fault {
            Fault::ListAcrossShops => {
                for other in state.shops.keys().filter(|other| **other != shop) {
                    tickets.extend(state.tickets_of(*other, |ticket| is_let_through(filter, ticket)));
                }
            }
            Fault::ListedCustomerAcrossShops => {
                for (_, view) in &mut tickets {
                    let of_number = state.customers.values().rfind(|there| there.id == view.customer.id);
                    view.customer = of_number.unwrap_or(&view.customer).clone();
                }
            }
            Fault::ListByDate => tickets.sort_by_key(|(_, view)| std::cmp::Reverse(view.ticket.date)),
            Fault::SmallestIdsFirst => tickets
                .sort_by_key(|(position, _)| (std::cmp::Reverse(position.last_message_time), position.id)),
            _ => {}
        }
        tickets
    }

    pub(super) fn list(
        &self,
        shop: ShopId,
        filter: &TicketFilter,
        after: Option<TicketPosition>,
        limit: u32,
    ) -> Page<TicketView, TicketPosition> {
        let mut tickets = self.listed(shop, filter);
        if let Some(after) = after {
            // Where the list is in another order, its places are in that order, too.
            let place = tickets.iter().position(|(position, _)| *position == after);
            let place_of = |it: &TicketPosition| (it.last_message_time, it.id);
            match (self.fault, place) {
                (Fault::EqualTimesSkipped, _) => {
                    tickets.retain(|(position, _)| position.last_message_time < after.last_message_time);
                }
                (Fault::PlaceIsATicket, None) => tickets.clear(),
                (_, Some(place)) => drop(tickets.drain(..=place)),
                (_, None) => tickets.retain(|(position, _)| place_of(position) < place_of(&after)),
            }
        }
        let last = tickets.last().map(|(position, _)| *position);
        let is_full = u32::try_from(tickets.len()) == Ok(limit);
        let mut page = page_of(tickets, Some(limit));
        if self.fault == Fault::FullPageGoesOn && is_full {
            page.next = last;
        }
        page
    }

    pub(super) fn count(&self, shop: ShopId, filter: &TicketFilter) -> u64 {
        let tickets = self.listed(shop, filter);
        let count = match (self.fault, &filter.tag) {
            (Fault::CountOfAPage, _) => tickets.len().min(MAX_PAGE_ENTRIES as usize),
            (Fault::TagsCounted, Some(tag)) => {
                let tags = tickets.iter().flat_map(|(_, view)| &view.ticket.tags);
                tags.filter(|there| *there == tag).count()
            }
            _ => tickets.len(),
        };
        count as u64
    }
}
