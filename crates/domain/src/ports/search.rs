use async_trait::async_trait;

use crate::{Page, SearchPosition, SearchQuery, ShopId, StorageError, TicketView};

/// Searches tickets by the words in them. A store may lack this: it implements the trait
/// and leaves the method as it is, and the contract kit is told so.
///
/// The words of a text are those of [`search_words`](crate::search_words). The texts of a
/// ticket are its name; its customer's e-mail address, phone number, first, last and full
/// name; and its messages: the `last_message` that it was created with and the text of each
/// of its comments.
///
/// - **SEARCH-1** A search answers the shop's tickets in which every term of the query is
///   found, each in any of the ticket's texts, and no other's; each ticket once, as
///   `find_ticket` answers it. A term is found where it is one of the text's words, or,
///   if it is a prefix, where one of them begins with it.
/// - **SEARCH-2** The answer is in order of rank, largest first, and then as a list of
///   tickets. A ticket's rank is the sum over the terms of 4 for one found in its name, else
///   2 for one found in its customer's texts, else 1.
/// - **SEARCH-3** Following `next` from page to page answers every ticket once, `limit` on
///   each page but the last; the last has no `next`.
/// - **SEARCH-4** Whatever was written before is found and whatever was replaced or deleted
///   is not: new comments, a ticket's changed name, a customer's changed details, deleted
///   tickets and erased customers.
#[async_trait]
pub trait SearchStore: Send + Sync {
    /// The shop's tickets that the query finds, after this place in the answer: at most
    /// `limit`, which is 1 to [`MAX_PAGE_ENTRIES`](crate::limits::MAX_PAGE_ENTRIES). `None`
    /// from a store that cannot search.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails.
    async fn search_tickets(
        &self,
        _shop: ShopId,
        _query: SearchQuery,
        _after: Option<SearchPosition>,
        _limit: u32,
    ) -> Result<Option<Page<TicketView, SearchPosition>>, StorageError> {
        Ok(None)
    }
}
