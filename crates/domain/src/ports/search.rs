use async_trait::async_trait;

use crate::{Page, SearchPosition, SearchQuery, ShopId, StorageError, TicketView};

/// Searches tickets by the words in them. A store may lack this: it implements the trait
/// and leaves the method as it is, and the contract kit is told so.
///
/// The words of a text are those of [`search_words`](crate::search_words). The texts of a
/// ticket are its name; its customer's e-mail address, phone number, first, last and full
/// name; and its messages: the `last_message` that it was created with and the text of each
/// of its comments. A later `last_message` is the text of a comment already. Nothing else is
/// searched: no tags, no subjects of comments, no ids in other systems, no users.
///
/// The domain defines words, so that every store finds the same in every language. A store keeps
/// the words of each text, or computes them, but does not split or fold texts itself: no stems,
/// no stop words, no operators. The tokenizer of a search engine is in the way; give the engine
/// words of letters and digits that it takes as they are.
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
///
/// Every text has its first [`MAX_SEARCH_WORDS`](crate::limits::MAX_SEARCH_WORDS)
/// different words, whatever the ticket's other texts hold. That is at most 640 kB of
/// words. Words have up to
/// [`MAX_SEARCH_WORD_CHARS`](crate::limits::MAX_SEARCH_WORD_CHARS) characters of up to
/// four bytes each. Korean syllables are decomposed, and no store composes them.
///
/// A word and a prefix of the same letters are two terms, and both count for the rank.
/// A search may go on after the place of no ticket, whatever its rank. "Once" holds for
/// a result that does not change between the pages.
///
/// A message stays found when another follows it. The words of a ticket are deleted
/// with it: a new ticket under the id of a deleted one has none of the old words.
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
