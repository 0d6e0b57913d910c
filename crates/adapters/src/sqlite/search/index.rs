//! The full-text index of tickets. Every write keeps it up to date.
//!
//! Each text is a document: a row of `search_documents` with its words, and an entry of the
//! full-text index `search_index`. A changed document is removed and added again.

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{Customer, CustomerId, NewComment, ShopId, Ticket, TicketId, search_words};

use crate::sql::schema::{search_documents, search_index};

/// The weight of a word in a ticket's name.
const WEIGHT_OF_NAME: i32 = 4;
/// The weight of a word in a customer's details.
const WEIGHT_OF_CUSTOMER: i32 = 2;
/// The weight of a word in a message.
const WEIGHT_OF_MESSAGE: i32 = 1;

/// A document to add.
#[derive(Debug, Insertable)]
#[diesel(table_name = search_documents, treat_none_as_default_value = false)]
struct NewDocument {
    shop_id: i64,
    ticket_id: Option<i64>,
    customer_id: Option<i64>,
    weight: i32,
    words: String,
}

impl NewDocument {
    fn of_ticket(shop: ShopId, ticket: TicketId, weight: i32, text: &str) -> Self {
        let words = indexed_words(shop, [text]);
        Self { shop_id: shop.get(), ticket_id: Some(ticket.get()), customer_id: None, weight, words }
    }

    fn of_customer(customer: &Customer) -> Self {
        Self {
            shop_id: customer.shop_id.get(),
            ticket_id: None,
            customer_id: Some(customer.id.get()),
            weight: WEIGHT_OF_CUSTOMER,
            words: indexed_words(customer.shop_id, customer.searched_texts()),
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
    /// Adds the name and the message of a new ticket.
    pub(in crate::sqlite) fn push_ticket(&mut self, ticket: &Ticket) {
        let texts = [(WEIGHT_OF_NAME, &ticket.name), (WEIGHT_OF_MESSAGE, &ticket.last_message)];
        for (weight, text) in texts {
            let document = |text: &String| NewDocument::of_ticket(ticket.shop_id, ticket.id, weight, text);
            self.0.extend(text.as_ref().map(document));
        }
    }

    /// Adds the text of a comment.
    pub(in crate::sqlite) fn push_comment(&mut self, comment: &NewComment) {
        let NewComment { shop_id, ticket_id, text, .. } = comment;
        self.0.push(NewDocument::of_ticket(*shop_id, *ticket_id, WEIGHT_OF_MESSAGE, text));
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

/// Returns the words of texts in the form of the index: separated by spaces.
fn indexed_words<'a>(shop: ShopId, texts: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = search_words(texts).iter().map(|word| indexed_word(shop, word)).collect();
    words.join(" ")
}

/// Returns a word in the form of the index. The number of the shop separates the words of different
/// shops. Words have no colons and no spaces.
pub(in crate::sqlite) fn indexed_word(shop: ShopId, word: &str) -> String {
    format!("{}:{word}", shop.get())
}

/// Replaces the name of a ticket.
pub(in crate::sqlite) fn replace_name(
    connection: &mut SqliteConnection,
    shop: ShopId,
    ticket: TicketId,
    name: Option<&str>,
) -> QueryResult<()> {
    let of_ticket =
        search_documents::shop_id.eq(shop.get()).and(search_documents::ticket_id.eq(ticket.get()));
    let old = search_documents::table
        .filter(of_ticket.and(search_documents::weight.eq(WEIGHT_OF_NAME)))
        .select(search_documents::id);
    let old = old.load(connection)?;
    remove(connection, old)?;
    match name {
        Some(name) => NewDocument::of_ticket(shop, ticket, WEIGHT_OF_NAME, name).add(connection),
        None => Ok(()),
    }
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
