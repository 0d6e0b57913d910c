//! Makes the words of the rows of an older version again: see [`search_upgrade`](crate::sql::search_upgrade).

use std::collections::BTreeSet;

use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use hexdesk_domain::{Comment, Customer, TicketSnapshot, message_words, search_words};

use super::vectors::{Words, WordsOf};
use crate::postgres::migrations::Wrapped;
use crate::sql::comments::CommentRow;
use crate::sql::customer_id;
use crate::sql::customers::CustomerRow;
use crate::sql::schema::{comments, customers, tickets};
use crate::sql::search_upgrade::{Progress, ROWS, after, search_upgrade};
use crate::sql::tickets::TicketRow;

/// Whether rows are left.
pub(in crate::postgres) fn is_needed(connection: &mut Wrapped) -> QueryResult<bool> {
    diesel::select(exists(search_upgrade::table.select(search_upgrade::row_id))).get_result(connection)
}

/// Makes all words that are left, in many transactions. Returns whether it has finished: it stops when
/// `is_wanted` is false.
pub(in crate::postgres) fn make_words(
    connection: &mut Wrapped,
    is_wanted: impl Fn() -> bool,
) -> anyhow::Result<bool> {
    let mut progress = Progress::begin(rows_left(connection)?);
    while let Some((searched, shop, id)) =
        search_upgrade::table.first::<(String, i64, i64)>(connection).optional()?
    {
        if !is_wanted() {
            return Ok(false);
        }
        progress.note(connection.transaction(|connection| {
            let made = match searched.as_str() {
                "customers" => customers_after(connection, (shop, id))?,
                "tickets" => tickets_after(connection, (shop, id))?,
                _ => comments_after(connection, (shop, id))?,
            };
            let place = search_upgrade::table.find(&searched);
            let rows = i64::try_from(made.len())?;
            match made.last() {
                Some((shop, id)) if rows == ROWS => diesel::update(place)
                    .set((search_upgrade::shop_id.eq(shop), search_upgrade::row_id.eq(id)))
                    .execute(connection)?,
                _ => diesel::delete(place).execute(connection)?,
            };
            anyhow::Ok(rows)
        })?);
    }
    progress.end();
    Ok(true)
}

/// Rows after a place of the upgrade.
const ROWS_LEFT: &str = "(SELECT coalesce(sum(CASE searched
    WHEN 'customers' THEN (SELECT count(*) FROM customers WHERE (shop_id, id) > (place.shop_id, row_id))
    WHEN 'tickets' THEN (SELECT count(*) FROM tickets WHERE (shop_id, id) > (place.shop_id, row_id))
    ELSE (SELECT count(*) FROM comments WHERE (shop_id, id) > (place.shop_id, row_id))
    END), 0)::bigint FROM search_upgrade AS place)";

fn rows_left(connection: &mut Wrapped) -> QueryResult<i64> {
    diesel::select(sql::<BigInt>(ROWS_LEFT)).get_result(connection)
}

/// Makes the words of the next rows. Returns their keys.
fn customers_after(connection: &mut Wrapped, place: (i64, i64)) -> anyhow::Result<Vec<(i64, i64)>> {
    let rows: Vec<CustomerRow> = customers::table
        .filter(after!("customers", place))
        .order((customers::shop_id, customers::id))
        .limit(ROWS)
        .select(CustomerRow::as_select())
        .load(connection)?;
    rows.into_iter()
        .map(|row| {
            let customer: Customer = row.try_into()?;
            let key = (customer.shop_id.get(), customer.id.get());
            diesel::update(customers::table.find(key))
                .set(WordsOf(customers::table).eq(Words::of_customer(&customer)))
                .execute(connection)?;
            Ok(key)
        })
        .collect()
}

fn tickets_after(connection: &mut Wrapped, place: (i64, i64)) -> anyhow::Result<Vec<(i64, i64)>> {
    let rows: Vec<(TicketRow, Vec<String>)> = tickets::table
        .filter(after!("tickets", place))
        .order((tickets::shop_id, tickets::id))
        .limit(ROWS)
        .select((TicketRow::as_select(), sql::<Array<Text>>("tsvector_to_array(ts_filter(words, '{d}'))")))
        .load(connection)?;
    rows.into_iter()
        .map(|(row, old)| {
            let TicketSnapshot { ticket, .. } = row.try_into()?;
            let key = (ticket.shop_id.get(), ticket.id.get());
            let message = match ticket.first_message() {
                Some((message, _)) => message_words(message),
                // Its old words are known. Each begins with the shop.
                None => old_words(&old),
            };
            let words = Words::of_ticket_with(&ticket, message);
            diesel::update(tickets::table.find(key))
                .set(WordsOf(tickets::table).eq(words))
                .execute(connection)?;
            Ok(key)
        })
        .collect()
}

fn old_words(old: &[String]) -> BTreeSet<String> {
    search_words(old.iter().map(|word| word.split_once(':').map_or(word.as_str(), |(_, word)| word)))
}

fn comments_after(connection: &mut Wrapped, place: (i64, i64)) -> anyhow::Result<Vec<(i64, i64)>> {
    let rows: Vec<(CommentRow, i64)> = comments::table
        .inner_join(
            tickets::table
                .on(tickets::shop_id.eq(comments::shop_id).and(tickets::id.eq(comments::ticket_id))),
        )
        .filter(after!("comments", place))
        .order((comments::shop_id, comments::id))
        .limit(ROWS)
        .select((CommentRow::as_select(), tickets::customer_id))
        .load(connection)?;
    rows.into_iter()
        .map(|(row, customer)| {
            let comment: Comment = row.into_comment(customer_id(customer)?)?;
            let key = (comment.shop_id.get(), comment.id.get());
            diesel::update(comments::table.find(key))
                .set(WordsOf(comments::table).eq(Words::of_others(comment.shop_id, comment.words())))
                .execute(connection)?;
            Ok(key)
        })
        .collect()
}
