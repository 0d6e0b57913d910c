//! Searches for tickets.

use hexdesk_domain::{Page, PageSize, SearchPosition, SearchQuery, SearchStore, ShopId, TicketView};

use super::super::step::{SearchWord, Slot};
use super::{Both, Model, both, pick};
use crate::comparison::same;

/// Words that the other steps write, some of them in many texts.
const WORDS: &[&str] = &[
    "comment", "example", "dev", "null", "1", "padded", "creme", "e", "100", "any", "555", "0", "日", "line",
    "right", "nowhere",
];

/// The queries that each full comparison runs.
const LOOKED_FOR: &[&str] = &["null", "comment*", "e*", "1* e*"];

fn query_of(words: &[SearchWord]) -> String {
    let word = |wanted: &SearchWord| {
        let word = pick(WORDS, wanted.word).unwrap_or_default();
        match wanted.beginning {
            Some(chars) => word.chars().take(chars.into()).chain(['*']).collect(),
            None => word.to_owned(),
        }
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}

impl Model {
    pub(super) async fn search_tickets(
        &mut self,
        shop: Slot,
        words: &[SearchWord],
        size: PageSize,
    ) -> anyhow::Result<()> {
        let Some(shop) = pick(&self.shops, shop) else { return Ok(()) };
        self.search(shop, &query_of(words), size).await
    }

    pub(super) async fn look_at_answers(&mut self, shop: Both<ShopId>) -> anyhow::Result<()> {
        for text in LOOKED_FOR {
            // Small pages: their positions show the ranks.
            self.search(shop, text, PageSize::of(2)).await?;
        }
        Ok(())
    }

    /// Compares the pages of a search in both stores, unless the store cannot search.
    async fn search(&mut self, shop: Both<ShopId>, text: &str, size: PageSize) -> anyhow::Result<()> {
        if !self.tested.capabilities().text_search {
            return Ok(());
        }
        let query = SearchQuery::parse(text)?;
        let mut after: Option<SearchPosition> = None;
        loop {
            let pages = both(
                self.tested.search_tickets(shop.tested, query.clone(), after, size).await,
                self.reference.search_tickets(shop.reference, query.clone(), after, size).await,
            )?;
            let Some(Both { tested, reference }) = pages else { return Ok(()) };
            let ids = |page: &Page<TicketView, SearchPosition>| -> Vec<_> {
                page.entries.iter().map(|view| view.ticket.id).collect()
            };
            let what = format!("a page of {size:?} found by {text:?} after {after:?}");
            same(&what, &(ids(&tested), tested.next), &(ids(&reference), reference.next))?;
            for (tested, reference) in tested.entries.into_iter().zip(&reference.entries) {
                same(&what, &self.view(tested, reference)?, reference)?;
            }
            after = reference.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}
