//! Makes the documents of an older version again: see [`search_upgrade`](crate::sql::search_upgrade).
//! What is being erased gets none.

use std::collections::BTreeSet;

use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;
use hexdesk_domain::{Comment, Customer, Ticket, TicketSnapshot, message_words, search_words};

use super::super::presence::{has_present_customer, is_present};
use super::index::{self, NewDocuments};
use crate::sql::comments::CommentRow;
use crate::sql::customer_id;
use crate::sql::customers::CustomerRow;
use crate::sql::schema::{comments, customers, tickets};
use crate::sql::search_upgrade::{ROWS, after, search_upgrade};
use crate::sql::tickets::TicketRow;

diesel::table! {
    // The documents of the older version.
    old_search_documents (id) {
        id -> BigInt,
        shop_id -> BigInt,
        ticket_id -> Nullable<BigInt>,
        customer_id -> Nullable<BigInt>,
        weight -> Integer,
        words -> Text,
    }
}

/// The weight of old documents of messages.
const OLD_WEIGHT_OF_MESSAGE: i32 = 1;

/// Whether documents are left to make.
pub(in crate::sqlite) fn is_needed(connection: &mut SqliteConnection) -> QueryResult<bool> {
    diesel::select(exists(search_upgrade::table.select(search_upgrade::row_id))).get_result(connection)
}

/// Returns the number of tickets and customers that are left.
pub(in crate::sqlite) fn rows_left(connection: &mut SqliteConnection) -> QueryResult<i64> {
    diesel::select(sql::<BigInt>(
        "(SELECT coalesce(sum(CASE searched
            WHEN 'customers' THEN (SELECT count(*) FROM customers WHERE (shop_id, id) > (place.shop_id, row_id))
            ELSE (SELECT count(*) FROM tickets WHERE (shop_id, id) > (place.shop_id, row_id))
            END), 0) FROM search_upgrade AS place)",
    ))
    .get_result(connection)
}

/// Makes the documents of the next tickets or customers. Returns their number. Must run in a
/// transaction.
pub(in crate::sqlite) fn make_documents(connection: &mut SqliteConnection) -> anyhow::Result<i64> {
    let place: Option<(String, i64, i64)> = search_upgrade::table.first(connection).optional()?;
    let Some((searched, shop, id)) = place else { return Ok(0) };
    let made = match searched.as_str() {
        "customers" => customers_after(connection, (shop, id))?,
        _ => tickets_after(connection, (shop, id))?,
    };
    let place = search_upgrade::table.find(&searched);
    let rows = i64::try_from(made.len())?;
    match made.last() {
        Some((shop, id)) if rows == ROWS => diesel::update(place)
            .set((search_upgrade::shop_id.eq(shop), search_upgrade::row_id.eq(id)))
            .execute(connection)?,
        _ => diesel::delete(place).execute(connection)?,
    };
    Ok(rows)
}

/// Makes the documents of the next customers. Returns their keys.
fn customers_after(connection: &mut SqliteConnection, place: (i64, i64)) -> anyhow::Result<Vec<(i64, i64)>> {
    let rows: Vec<CustomerRow> = customers::table
        .filter(after!("customers", place))
        .filter(is_present())
        .order((customers::shop_id, customers::id))
        .limit(ROWS)
        .select(CustomerRow::as_select())
        .load(connection)?;
    let mut keys = Vec::new();
    for row in rows {
        let customer: Customer = row.try_into()?;
        index::add_customer(connection, &customer)?;
        let old = old_search_documents::shop_id
            .eq(customer.shop_id.get())
            .and(old_search_documents::customer_id.eq(customer.id.get()));
        diesel::delete(old_search_documents::table.filter(old)).execute(connection)?;
        keys.push((customer.shop_id.get(), customer.id.get()));
    }
    Ok(keys)
}

/// Makes the documents of the next tickets and their comments. Returns the keys of the tickets.
fn tickets_after(connection: &mut SqliteConnection, place: (i64, i64)) -> anyhow::Result<Vec<(i64, i64)>> {
    let rows: Vec<TicketRow> = tickets::table
        .filter(after!("tickets", place))
        .filter(has_present_customer())
        .order((tickets::shop_id, tickets::id))
        .limit(ROWS)
        .select(TicketRow::as_select())
        .load(connection)?;
    let mut documents = NewDocuments::default();
    let mut keys = Vec::new();
    for row in rows {
        let customer = customer_id(row.customer_id)?;
        let TicketSnapshot { ticket, .. } = row.try_into()?;
        let key = (ticket.shop_id.get(), ticket.id.get());
        let of_ticket = comments::shop_id.eq(key.0).and(comments::ticket_id.eq(key.1));
        let comments: Vec<CommentRow> = comments::table
            .filter(of_ticket)
            .order((comments::time, comments::id))
            .select(CommentRow::as_select())
            .load(connection)?;
        let comments = comments.into_iter().map(|row| row.into_comment(customer));
        let comments: Vec<Comment> = comments.collect::<Result<_, _>>()?;
        let message = match ticket.first_message() {
            Some((message, _)) => message_words(message),
            None => words_of_lost_message(connection, &ticket, &comments)?,
        };
        documents.push_ticket_with(&ticket, &message);
        for comment in &comments {
            documents.push_words(comment.shop_id, comment.ticket_id, comment.id, &comment.words());
        }
        let old = old_search_documents::shop_id.eq(key.0).and(old_search_documents::ticket_id.eq(key.1));
        diesel::delete(old_search_documents::table.filter(old)).execute(connection)?;
        keys.push(key);
    }
    documents.add(connection)?;
    Ok(keys)
}

/// Returns the words of a first message whose text is unknown, from the oldest of the ticket's
/// documents. The others belong to the comments.
fn words_of_lost_message(
    connection: &mut SqliteConnection,
    ticket: &Ticket,
    comments: &[Comment],
) -> anyhow::Result<BTreeSet<String>> {
    let documents: Vec<String> = old_search_documents::table
        .filter(
            old_search_documents::shop_id
                .eq(ticket.shop_id.get())
                .and(old_search_documents::ticket_id.eq(ticket.id.get()))
                .and(old_search_documents::weight.eq(OLD_WEIGHT_OF_MESSAGE)),
        )
        .order(old_search_documents::id)
        .select(old_search_documents::words)
        .load(connection)?;
    let of_comments = comments.iter().filter(|comment| !message_words(&comment.text).is_empty()).count();
    let first = documents.first().filter(|_| documents.len() > of_comments);
    let words = first.into_iter().flat_map(|words| words.split(' '));
    Ok(search_words(words.map(|word| word.split_once(':').map_or(word, |(_, word)| word))))
}
