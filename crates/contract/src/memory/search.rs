use std::collections::BTreeSet;

use async_trait::async_trait;
use hexdesk_domain::{
    Comment, Page, PageSize, SearchPosition, SearchQuery, SearchStore, SearchTerm, ShopId, StorageError,
    TicketId, TicketView, message_words,
};

use super::{MemoryStorage, State};

/// The words of a ticket, by place.
#[derive(Debug)]
pub(crate) struct TicketWords {
    pub(crate) id: TicketId,
    pub(crate) name: BTreeSet<String>,
    /// Words of the customer's texts.
    pub(crate) customer: BTreeSet<String>,
    /// Words of the messages and of the ticket's details.
    pub(crate) others: BTreeSet<String>,
}

impl TicketWords {
    /// The sum of the ranks of the terms, or `None` if a term does not occur.
    pub(crate) fn rank(&self, query: &SearchQuery) -> Option<u32> {
        query.terms().map(|term| self.rank_of(term)).sum()
    }

    pub(crate) fn rank_of(&self, term: &SearchTerm) -> Option<u32> {
        let is_in_id = || term.ticket_ids().any(|ids| ids.contains(&self.id.get()));
        self.rank_in_texts(term).or_else(|| is_in_id().then_some(1))
    }

    pub(crate) fn rank_in_texts(&self, term: &SearchTerm) -> Option<u32> {
        let places = [(&self.name, 4), (&self.customer, 2), (&self.others, 1)];
        places.into_iter().find(|(words, _)| term.is_found_in(words)).map(|(_, rank)| rank)
    }
}

impl State {
    /// The first message of a ticket.
    pub(crate) fn first_message(&self, shop: ShopId, id: TicketId) -> Option<&str> {
        let stored = self.tickets.get(&(shop, id))?;
        stored.ticket.first_message().map(|(text, _)| text)
    }

    /// The comments of a ticket.
    pub(crate) fn searched_comments(&self, shop: ShopId, id: TicketId) -> impl Iterator<Item = &Comment> {
        self.comments.values().filter(move |comment| comment.shop_id == shop && comment.ticket_id == id)
    }

    pub(crate) fn words_of(&self, view: &TicketView) -> TicketWords {
        let ticket = &view.ticket;
        let message = self.first_message(ticket.shop_id, ticket.id).map(message_words);
        let comments = self.searched_comments(ticket.shop_id, ticket.id).flat_map(Comment::words);
        let others = ticket.detail_words().into_iter().chain(message.unwrap_or_default()).chain(comments);
        TicketWords {
            id: ticket.id,
            name: ticket.name_words(),
            customer: view.customer.words(),
            others: others.collect(),
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
