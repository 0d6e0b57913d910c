use async_trait::async_trait;

use crate::{
    Page, PageSize, SearchPosition, SearchQuery, ShopId, StorageError, StorageErrorKind, TicketView,
};

/// Searches tickets by the words in them. A store may lack this capability. It then implements the
/// trait, keeps the default method, and does not declare
/// [`text_search`](crate::Capabilities::text_search).
///
/// [`search_words`](crate::search_words) defines the words of a text. A ticket has these texts:
///
/// - its name
/// - its customer's e-mail address, phone number, first name, last name and full name
/// - its messages: the `last_message` that it was created with, and the text of each comment
///
/// A later `last_message` is already the text of a comment. Nothing else is searched: no tags, no
/// subjects of comments, no ids in other systems, no users.
///
/// The domain defines words, so that every store finds the same in every language. A store keeps
/// the words of each text, or computes them. Give [`search_words`](crate::search_words) one text at a
/// time: its limit counts the words of everything that one call receives. It does not split or fold texts itself: no stems, no
/// stop words, no operators. The tokenizer of a search engine would split words differently. Give
/// the engine words of letters and digits that it keeps unchanged.
///
/// - **SEARCH-1** A search returns the shop's tickets in which every term of the query is found,
///   and no other tickets. Each term may be found in any of the ticket's texts. Each ticket is
///   returned once, as `find_ticket` returns it. A term is found in a text if it is one of the
///   text's words. A prefix is found if one of the text's words begins with it.
/// - **SEARCH-2** The results are in order of rank, largest first. Tickets of the same rank are in
///   the order of a list of tickets. A ticket's rank is the sum over the terms. A term counts 4 if
///   it is found in the ticket's name, otherwise 2 if it is found in the customer's texts,
///   otherwise 1.
/// - **SEARCH-3** Following `next` from page to page returns every ticket once. Each page except
///   the last is full. The last page has no `next`.
/// - **SEARCH-4** A search finds tickets by every text that was written before, and not by a text
///   that was replaced or deleted before. This holds for new comments, a ticket's changed name, a
///   customer's changed details, deleted tickets and erased customers.
///
/// Of each text, the first [`MAX_SEARCH_WORDS`](crate::limits::MAX_SEARCH_WORDS) different words
/// are searched, regardless of the ticket's other texts. That is at most 640 kB of words. Words
/// have up to [`MAX_SEARCH_WORD_CHARS`](crate::limits::MAX_SEARCH_WORD_CHARS) characters of up to
/// four bytes each. Korean syllables are decomposed, and no store composes them.
///
/// A word and a prefix of the same letters are two terms, and both count for the rank. A search may
/// continue after a position that no ticket has, with any rank. "Once" holds for results that do
/// not change between the pages.
///
/// A message is still found after another follows it. The words of a ticket are deleted with the
/// ticket: a new ticket with the id of a deleted one has none of the old words.
#[async_trait]
pub trait SearchStore: Send + Sync {
    /// Returns the shop's tickets that the query finds, after this position in the results: a page of
    /// this size.
    ///
    /// # Errors
    /// [`StorageError`] if the store fails, or lacks `text_search`.
    async fn search_tickets(
        &self,
        _shop: ShopId,
        _query: SearchQuery,
        _after: Option<SearchPosition>,
        _size: PageSize,
    ) -> Result<Page<TicketView, SearchPosition>, StorageError> {
        let cause = anyhow::anyhow!("the store lacks text_search");
        Err(StorageError::new(StorageErrorKind::Unexpected, "search_tickets", cause))
    }
}
