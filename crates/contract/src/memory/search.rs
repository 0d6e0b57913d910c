use std::collections::BTreeSet;

use async_trait::async_trait;
use hexdesk_domain::{
    Page, PageSize, SearchPosition, SearchQuery, SearchStore, SearchTerm, ShopId, StorageError, TicketId,
    TicketView, search_words,
};

use super::{MemoryStorage, State};

/// The words of a ticket, by place.
#[derive(Debug, Default)]
pub(crate) struct TicketWords {
    pub(crate) name: BTreeSet<String>,
    /// Words of the customer's texts.
    pub(crate) customer: BTreeSet<String>,
    /// Words of the messages.
    pub(crate) messages: BTreeSet<String>,
}

impl TicketWords {
    /// The sum of the ranks of the terms, or `None` if a term does not occur.
    pub(crate) fn rank(&self, query: &SearchQuery) -> Option<u32> {
        query.terms().map(|term| self.rank_of(term)).sum()
    }

    pub(crate) fn rank_of(&self, term: &SearchTerm) -> Option<u32> {
        let places = [(&self.name, 4), (&self.customer, 2), (&self.messages, 1)];
        places.into_iter().find(|(words, _)| is_found(term, words)).map(|(_, rank)| rank)
    }
}

/// Returns whether the term is one of the words, or a prefix of one.
pub(crate) fn is_found(term: &SearchTerm, words: &BTreeSet<String>) -> bool {
    match term.is_prefix {
        false => words.contains(&term.word),
        // If any word begins with the term, the first word not smaller than the term does.
        true => words.range(term.word.clone()..).next().is_some_and(|word| word.starts_with(&term.word)),
    }
}

/// The words of all texts. The limit on the number of words applies to each text.
pub(crate) fn words_of_each<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    texts.flat_map(|text| search_words([text])).collect()
}

impl State {
    /// The messages of a ticket: the first message, then the comments.
    pub(crate) fn messages_of(&self, shop: ShopId, id: TicketId) -> impl Iterator<Item = &str> {
        let first = self.tickets.get(&(shop, id)).and_then(|stored| stored.first_message.as_deref());
        let of_ticket = move |it: &&hexdesk_domain::Comment| it.shop_id == shop && it.ticket_id == id;
        first.into_iter().chain(self.comments.values().filter(of_ticket).map(|comment| comment.text.as_str()))
    }

    pub(crate) fn words_of(&self, view: &TicketView) -> TicketWords {
        let ticket = &view.ticket;
        TicketWords {
            name: words_of_each(ticket.name.as_deref().into_iter()),
            customer: words_of_each(view.customer.searched_texts()),
            messages: words_of_each(self.messages_of(ticket.shop_id, ticket.id)),
        }
    }

    /// The shop's tickets with a rank, in the order of results.
    pub(crate) fn ranked(
        &self,
        shop: ShopId,
        rank: impl Fn(&TicketView) -> Option<u32>,
    ) -> Vec<(SearchPosition, TicketView)> {
        let tickets = self.tickets_of(shop, |_| true).into_iter();
        let mut ranked: Vec<_> = tickets
            .filter_map(|(ticket, view)| Some((SearchPosition { rank: rank(&view)?, ticket }, view)))
            .collect();
        ranked.sort_by_key(|(position, _)| *position);
        ranked
    }
}

#[async_trait]
impl SearchStore for MemoryStorage {
    async fn search_tickets(
        &self,
        shop: ShopId,
        query: SearchQuery,
        after: Option<SearchPosition>,
        size: PageSize,
    ) -> Result<Page<TicketView, SearchPosition>, StorageError> {
        let state = self.state();
        let mut found = state.ranked(shop, |view| state.words_of(view).rank(&query));
        if let Some(after) = after {
            found.retain(|(position, _)| *position > after);
        }
        Ok(Page::cut(found, size))
    }
}
