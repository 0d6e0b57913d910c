use async_trait::async_trait;

use crate::{
    Page, PageSize, SearchPosition, SearchQuery, ShopId, StorageError, StorageErrorKind, TicketView,
};

/// Searches tickets by the words in them. A store may lack this capability. It then implements the
/// trait, keeps the default method, and does not declare
/// [`text_search`](crate::Capabilities::text_search).
///
/// The domain defines words, so that every store finds the same in every language. A ticket has these
/// words:
///
/// | place | words | rank |
/// | --- | --- | ---: |
/// | its name | [`Ticket::name_words`](crate::Ticket::name_words) | 4 |
/// | its customer | [`Customer::words`](crate::Customer::words) | 2 |
/// | its details | [`Ticket::detail_words`](crate::Ticket::detail_words) | 1 |
/// | the `last_message` that it was created with | [`message_words`](crate::message_words) | 1 |
/// | each comment | [`Comment::words`](crate::Comment::words) | 1 |
/// | its id | [`SearchTerm::ticket_ids`](crate::SearchTerm::ticket_ids) | 1 |
///
/// A later `last_message` is already the text of a comment. Nothing else is searched: no channels, no
/// receivers or tags of comments, no users.
///
/// A store keeps these words, or computes them. It does not split or fold texts itself: no stems, no
/// stop words, no operators. The tokenizer of a search engine would split words differently. Give
/// the engine words that it keeps unchanged. They consist of letters, digits, and marks of letters.
///
/// - **SEARCH-1** A search returns the shop's tickets in which every term of the query is found,
///   and no other tickets. Each term may be found in any of the ticket's places. Each ticket is
///   returned once, as `find_ticket` returns it. A term is found in a place if it is one of its
///   words. A prefix is found if one of the words begins with it.
/// - **SEARCH-2** The results are in order of rank, largest first. Tickets of the same rank are in
///   the order of a list of tickets. A ticket's rank is the sum over the terms. A term counts 4 if
///   it is found in the ticket's name, otherwise 2 if it is found in the customer, otherwise 1.
/// - **SEARCH-3** Following `next` from page to page returns every ticket once. Each page except
///   the last is full. The last page has no `next`.
/// - **SEARCH-4** A search finds tickets by every text that was written before, and not by a text
///   that was replaced or deleted before. This holds for new comments, a ticket's changed name, a
///   customer's changed details, deleted tickets and erased customers.
/// - **SEARCH-5** A ticket is found by its tags, contact reason, thread id and e-mail address. A change
///   replaces their words and keeps those of the messages.
/// - **SEARCH-6** A ticket is found by its id in decimal digits, and by a prefix of them.
/// - **SEARCH-7** A comment is found by its subject, its sender and the names of its attachments.
/// - **SEARCH-8** An HTML message is found by the text that a reader sees, not by its tags and styles.
/// - **SEARCH-9** A ticket is found by its customer's ids in other systems, and by every spelling of
///   the customer's phone number: a term is also found if its
///   [`alternative`](crate::SearchTerm::alternative) is one of the words.
///
/// Each of these functions returns a limited number of words: at most
/// [`MAX_SEARCH_WORDS`](crate::limits::MAX_SEARCH_WORDS) of a text and
/// [`MAX_SEARCH_DETAIL_WORDS`](crate::limits::MAX_SEARCH_DETAIL_WORDS) of its short texts. A
/// ticket's or a comment's words have at most 800 kB. Words have up to
/// [`MAX_SEARCH_WORD_CHARS`](crate::limits::MAX_SEARCH_WORD_CHARS) characters of up to four bytes each.
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
