mod words;

use std::cmp::Reverse;

use async_trait::async_trait;
use hexdesk_domain::{
    Page, SearchPosition, SearchQuery, SearchStore, SearchTerm, ShopId, StorageError, TicketView,
};

use super::{Fault, FaultyStorage};
use crate::memory::{State, TicketWords, answer_order, is_found, page_of};

/// What the places count for in which a term is found.
fn ranks_of<'a>(words: &'a TicketWords, term: &'a SearchTerm) -> impl Iterator<Item = u32> + 'a {
    let places = [(&words.name, 4), (&words.customer, 2), (&words.messages, 1)];
    places.into_iter().filter(|(words, _)| is_found(term, words)).map(|(_, rank)| rank)
}

impl FaultyStorage {
    /// The terms as they are looked for.
    fn terms(&self, query: &SearchQuery) -> Vec<SearchTerm> {
        let mut terms: Vec<_> = query.terms().cloned().collect();
        match self.fault {
            Fault::PrefixIsAWord => terms.iter_mut().for_each(|term| term.is_prefix = false),
            Fault::EveryTermIsAPrefix => terms.iter_mut().for_each(|term| term.is_prefix = true),
            Fault::OperatorsLeftOut if terms.len() > 1 => {
                terms.retain(|term| !["and", "or", "not", "near"].contains(&term.word.as_str()));
            }
            Fault::WordsStemmed => terms.iter_mut().for_each(|term| words::stem(&mut term.word)),
            _ => {}
        }
        terms
    }

    fn rank(&self, terms: &[SearchTerm], words: &TicketWords) -> Option<u32> {
        let best = |term| words.rank_of(term);
        let is_within = |term: &SearchTerm| {
            let all = words.name.iter().chain(&words.customer).chain(&words.messages);
            term.is_prefix && all.into_iter().any(|word| word.contains(&term.word))
        };
        match self.fault {
            Fault::AnyTermFinds => terms.iter().filter_map(best).reduce(|one, other| one + other),
            Fault::TermsInOnePlace => {
                let places = [&words.name, &words.customer, &words.messages];
                let is_in_one = places.iter().any(|place| terms.iter().all(|term| is_found(term, place)));
                if is_in_one { terms.iter().map(best).sum() } else { None }
            }
            Fault::PrefixWithinWords => {
                terms.iter().map(|term| best(term).or(is_within(term).then_some(1))).sum()
            }
            Fault::RankOfEveryPlace => {
                let sum = |term| ranks_of(words, term).reduce(|one, other| one + other);
                terms.iter().map(sum).sum()
            }
            Fault::RankOfBestTerm => {
                let ranks: Option<Vec<_>> = terms.iter().map(best).collect();
                ranks?.into_iter().max()
            }
            Fault::PrefixesRankLess => {
                terms.iter().map(|term| best(term).map(|rank| if term.is_prefix { 1 } else { rank })).sum()
            }
            _ => terms.iter().map(best).sum(),
        }
    }

    fn found(
        &self,
        state: &State,
        first: &State,
        shop: ShopId,
        query: &SearchQuery,
    ) -> Vec<(SearchPosition, TicketView)> {
        let terms = self.terms(query);
        let rank = |view: &TicketView| self.rank(&terms, &self.words(state, first, view));
        let mut found = state.ranked(shop, rank);
        match self.fault {
            Fault::SearchAcrossShops => {
                for other in state.shops.keys().filter(|other| **other != shop) {
                    found.extend(state.ranked(*other, rank));
                }
            }
            Fault::FoundForEachPlace => {
                let places = |view: &TicketView| {
                    let words = self.words(state, first, view);
                    terms.iter().map(|term| ranks_of(&words, term).count()).max().unwrap_or_default()
                };
                let repeated = |it: (SearchPosition, TicketView)| {
                    let count = places(&it.1);
                    std::iter::repeat_n(it, count)
                };
                found = found.into_iter().flat_map(repeated).collect();
            }
            Fault::RanksIgnored => {
                found.sort_by_key(|(position, _)| {
                    Reverse((position.ticket.last_message_time, position.ticket.id))
                });
            }
            Fault::EqualRanksOldestFirst => found.sort_by_key(|(position, _)| {
                (Reverse(position.rank), position.ticket.last_message_time, position.ticket.id)
            }),
            _ => {}
        }
        found
    }

    /// Keeps what is first seen of everything, or all of it as it is, for the searches to
    /// come.
    fn keep_for_later(&self, state: &State, kept: &mut State) {
        if self.fault == Fault::SearchBehind {
            *kept = state.clone();
        }
        for (place, ticket) in &state.tickets {
            kept.tickets.entry(*place).or_insert_with(|| ticket.clone());
        }
        for (place, customer) in &state.customers {
            kept.customers.entry(*place).or_insert_with(|| customer.clone());
        }
        for (place, comment) in &state.comments {
            kept.comments.entry(*place).or_insert_with(|| comment.clone());
        }
    }
}

#[async_trait]
impl SearchStore for FaultyStorage {
    async fn search_tickets(
        &self,
        shop: ShopId,
        query: SearchQuery,
        after: Option<SearchPosition>,
        limit: u32,
    ) -> Result<Option<Page<TicketView, SearchPosition>>, StorageError> {
        if self.fault == Fault::NoSearch {
            return Ok(None);
        }
        let state = self.inner.state();
        let mut kept = self.outdated.state();
        let searched = if self.fault == Fault::SearchBehind { &kept } else { &state };
        let mut found = self.found(searched, &kept, shop, &query);
        self.keep_for_later(&state, &mut kept);
        if let Some(after) = after {
            // Where the answer is in another order, its places are in that order, too.
            let place = found.iter().rposition(|(position, _)| *position == after);
            let in_list = |it: &SearchPosition| (it.ticket.last_message_time, it.ticket.id);
            match (self.fault, place) {
                (Fault::EqualRanksSkipped, _) => found.retain(|(position, _)| position.rank < after.rank),
                (Fault::PlaceMustBeATickets, None) => found.clear(),
                (Fault::PlacesWithoutRank, _) => {
                    found.retain(|(position, _)| in_list(position) < in_list(&after));
                }
                (_, Some(place)) => drop(found.drain(..=place)),
                (_, None) => found.retain(|(position, _)| answer_order(position) < answer_order(&after)),
            }
        }
        let last = found.last().map(|(position, _)| *position);
        let is_full = u32::try_from(found.len()) == Ok(limit);
        let mut page = page_of(found, Some(limit));
        if self.fault == Fault::FullPageOfAnswerGoesOn && is_full {
            page.next = last;
        }
        Ok(Some(page))
    }
}
