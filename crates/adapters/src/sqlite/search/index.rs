//! The full-text index of tickets. Every write keeps it up to date.
//!
//! A document is a row of `search_documents` with words, and an entry of the full-text index
//! `search_index`. A ticket has one with its name, its details and its first message, and one for each
//! comment. A customer has one. A changed document is removed and added again.
//!
//! The number of the shop begins each word (`7:refund`), so that the words of shops are apart. More
//! colons tell words of names (`7::refund`), which weigh more, and of details (`7:::refund`) from words
//! of the first message. So a change of the details keeps the words of the message, which need no row of
//! their own.

use std::collections::BTreeSet;
use std::fmt::Write;

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{
    Comment, CommentId, Customer, CustomerId, NewComment, SearchTerm, ShopId, Ticket, TicketId, message_words,
};

use crate::sql::schema::{search_documents, search_index};

/// The largest weight of a word in the document of a ticket. Its details and its first message weigh as
/// much as a comment.
const WEIGHT_OF_NAME: i32 = 4;
/// The weight of a word of a customer.
const WEIGHT_OF_CUSTOMER: i32 = 2;
/// The weight of a word in a comment.
const WEIGHT_OF_COMMENT: i32 = 1;

/// A document to add.
#[derive(Debug, Insertable)]
#[diesel(table_name = search_documents, treat_none_as_default_value = false)]
struct NewDocument {
    shop_id: i64,
    ticket_id: Option<i64>,
    customer_id: Option<i64>,
    weight: i32,
    words: String,
    comment_id: Option<i64>,
}

impl NewDocument {
    /// A ticket, with these words of its first message in the form of the index.
    fn of_ticket(ticket: &Ticket, message: &mut dyn Iterator<Item = &str>) -> Self {
        let shop = ticket.shop_id.get();
        let mut words = String::new();
        add_indexed_words(&format!("{shop}::"), &ticket.name_words(), &mut words);
        add_indexed_words(&format!("{shop}:::"), &ticket.detail_words(), &mut words);
        for word in message {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
        Self {
            shop_id: shop,
            ticket_id: Some(ticket.id.get()),
            customer_id: None,
            weight: WEIGHT_OF_NAME,
            words,
            comment_id: None,
        }
    }

    /// A comment on a ticket, with these words.
    fn of_comment(shop: ShopId, ticket: TicketId, comment: CommentId, words: &BTreeSet<String>) -> Self {
        let words = indexed_words(shop, words);
        Self {
            shop_id: shop.get(),
            ticket_id: Some(ticket.get()),
            customer_id: None,
            weight: WEIGHT_OF_COMMENT,
            words,
            comment_id: Some(comment.get()),
        }
    }

    fn of_customer(customer: &Customer) -> Self {
        Self {
            shop_id: customer.shop_id.get(),
            ticket_id: None,
            customer_id: Some(customer.id.get()),
            weight: WEIGHT_OF_CUSTOMER,
            words: indexed_words(customer.shop_id, &customer.words()),
            comment_id: None,
        }
    }

    /// Adds the document, unless it has no words.
    fn add(self, connection: &mut SqliteConnection) -> QueryResult<()> {
        NewDocuments(vec![self]).add(connection)
    }
}

/// The documents of a batch, which are added at its end. The full-text index keeps new entries in
/// memory until the transaction ends or SQLite makes a savepoint. Every statement with `RETURNING`
/// makes one. So the index is written once, after everything else.
#[derive(Debug, Default)]
pub(in crate::sqlite) struct NewDocuments(Vec<NewDocument>);

impl NewDocuments {
    /// Adds a new ticket.
    pub(in crate::sqlite) fn push_ticket(&mut self, ticket: &Ticket) {
        self.push_ticket_with(ticket, &ticket.last_message.as_deref().map(message_words).unwrap_or_default());
    }

    /// Adds a ticket whose first message has these words.
    pub(in crate::sqlite) fn push_ticket_with(&mut self, ticket: &Ticket, message: &BTreeSet<String>) {
        let message = indexed_words(ticket.shop_id, message);
        self.0.push(NewDocument::of_ticket(ticket, &mut message.split_terminator(' ')));
    }

    /// Adds a customer.
    pub(in crate::sqlite) fn push_customer(&mut self, customer: &Customer) {
        self.0.push(NewDocument::of_customer(customer));
    }

    /// Adds a new comment.
    pub(in crate::sqlite) fn push_comment(&mut self, comment: &NewComment) {
        self.push_words(comment.shop_id, comment.ticket_id, comment.id, &comment.words());
    }

    /// Adds the words of a comment.
    pub(in crate::sqlite) fn push_words(
        &mut self,
        shop: ShopId,
        ticket: TicketId,
        comment: CommentId,
        words: &BTreeSet<String>,
    ) {
        self.0.push(NewDocument::of_comment(shop, ticket, comment, words));
    }

    /// Writes the documents that have words.
    pub(in crate::sqlite) fn add(mut self, connection: &mut SqliteConnection) -> QueryResult<()> {
        self.0.retain(|document| !document.words.is_empty());
        let ids = self.0.iter().map(|document| {
            diesel::insert_into(search_documents::table)
                .values(document)
                .returning(search_documents::id)
                .get_result::<i64>(connection)
        });
        let ids = ids.collect::<QueryResult<Vec<_>>>()?;
        for (id, document) in ids.into_iter().zip(self.0) {
            diesel::insert_into(search_index::table)
                .values((search_index::rowid.eq(id), search_index::words.eq(document.words)))
                .execute(connection)?;
        }
        Ok(())
    }
}

/// Returns words in the form of the index.
fn indexed_words(shop: ShopId, words: &BTreeSet<String>) -> String {
    let mut indexed = String::new();
    add_indexed_words(&format!("{}:", shop.get()), words, &mut indexed);
    indexed
}

/// Adds words in the form of the index: each begins with this, and blanks separate them. Words have no
/// colons and no blanks.
fn add_indexed_words(begin: &str, words: &BTreeSet<String>, indexed: &mut String) {
    indexed.reserve(words.iter().map(|word| begin.len() + word.len() + 1).sum());
    for word in words {
        if !indexed.is_empty() {
            indexed.push(' ');
        }
        indexed.push_str(begin);
        indexed.push_str(word);
    }
}

/// Returns the expression of FTS5 for customers who have words with all these beginnings.
pub(in crate::sqlite) fn beginnings(shop: ShopId, words: &BTreeSet<String>) -> String {
    // Words are letters, digits and marks, so the quotes are safe.
    let terms: Vec<String> = words.iter().map(|word| format!("\"{}:{word}\"*", shop.get())).collect();
    terms.join(" AND ")
}

/// Returns the three expressions by which the index finds a term: in names, in details, and elsewhere.
/// Words are letters, digits and marks, so the quotes are safe.
pub(in crate::sqlite) fn expressions(shop: ShopId, term: &SearchTerm) -> [String; 3] {
    ["::", ":::", ":"].map(|colons| {
        let (shop, star) = (shop.get(), if term.is_prefix { "*" } else { "" });
        let mut expression = format!("\"{shop}{colons}{}\"{star}", term.word);
        if let Some(alternative) = &term.alternative {
            // Writing to a string does not fail.
            let _ = write!(expression, " OR \"{shop}{colons}{alternative}\"");
        }
        expression
    })
}

/// Replaces the document of a ticket, if its name or details have changed.
pub(in crate::sqlite) fn replace_ticket(
    connection: &mut SqliteConnection,
    before: &Ticket,
    after: &Ticket,
) -> QueryResult<()> {
    if before.name == after.name && before.details().eq(after.details()) {
        return Ok(());
    }
    let of_ticket = search_documents::shop_id
        .eq(after.shop_id.get())
        .and(search_documents::ticket_id.eq(after.id.get()))
        .and(search_documents::weight.eq(WEIGHT_OF_NAME));
    let old: Vec<(i64, String)> = search_documents::table
        .filter(of_ticket)
        .select((search_documents::id, search_documents::words))
        .load(connection)?;
    remove(connection, old.iter().map(|(id, _)| *id).collect())?;
    let of_name_or_details = format!("{}::", after.shop_id.get());
    let words = old.iter().flat_map(|(_, words)| words.split_terminator(' '));
    let mut message = words.filter(|word| !word.starts_with(&of_name_or_details));
    NewDocument::of_ticket(after, &mut message).add(connection)
}

/// Replaces the document of a comment. `after` is the updated comment, if it was not deleted.
pub(in crate::sqlite) fn replace_comment(
    connection: &mut SqliteConnection,
    before: &Comment,
    after: Option<&Comment>,
) -> QueryResult<()> {
    let of_comment = search_documents::shop_id
        .eq(before.shop_id.get())
        .and(search_documents::ticket_id.eq(before.ticket_id.get()))
        .and(search_documents::weight.eq(WEIGHT_OF_COMMENT))
        .and(search_documents::comment_id.eq(before.id.get()));
    let old = search_documents::table.filter(of_comment).select(search_documents::id).load(connection)?;
    remove(connection, old)?;
    let mut documents = NewDocuments::default();
    if let Some(after) = after {
        documents.push_words(after.shop_id, after.ticket_id, after.id, &after.words());
    }
    documents.add(connection)
}

/// Adds a customer.
pub(in crate::sqlite) fn add_customer(
    connection: &mut SqliteConnection,
    customer: &Customer,
) -> QueryResult<()> {
    NewDocument::of_customer(customer).add(connection)
}

/// Replaces the document of a customer, if its texts have changed.
pub(in crate::sqlite) fn replace_customer(
    connection: &mut SqliteConnection,
    before: &Customer,
    after: &Customer,
) -> QueryResult<()> {
    if before.searched_texts().eq(after.searched_texts()) {
        return Ok(());
    }
    remove_customer(connection, before.shop_id, before.id)?;
    add_customer(connection, after)
}

/// Removes the documents of a ticket and its comments.
pub(in crate::sqlite) fn remove_ticket(
    connection: &mut SqliteConnection,
    shop: ShopId,
    ticket: TicketId,
) -> QueryResult<()> {
    let documents = search_documents::table
        .filter(search_documents::shop_id.eq(shop.get()).and(search_documents::ticket_id.eq(ticket.get())))
        .select(search_documents::id)
        .load(connection)?;
    remove(connection, documents)
}

/// Removes the document of a customer, but none of its tickets.
pub(in crate::sqlite) fn remove_customer(
    connection: &mut SqliteConnection,
    shop: ShopId,
    customer: CustomerId,
) -> QueryResult<()> {
    let of_customer =
        search_documents::shop_id.eq(shop.get()).and(search_documents::customer_id.eq(customer.get()));
    let documents =
        search_documents::table.filter(of_customer).select(search_documents::id).load(connection)?;
    remove(connection, documents)
}

/// Removes documents. The index reads the words of a removed entry, so the rows are deleted last.
pub(in crate::sqlite) fn remove(connection: &mut SqliteConnection, documents: Vec<i64>) -> QueryResult<()> {
    for id in documents {
        diesel::delete(search_index::table.find(id)).execute(connection)?;
        diesel::delete(search_documents::table.find(id)).execute(connection)?;
    }
    Ok(())
}
