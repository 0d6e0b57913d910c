//! Archives: the table of loads, and what both databases do in the same way.

mod batch;
mod place;
mod reader;
pub(crate) mod rows;

use std::collections::BTreeSet;

use hexdesk_domain::{Ticket, message_words};

pub(crate) use batch::{Batch, PlacedEventRow, customer_row};
pub(crate) use place::Place;
pub(crate) use reader::{Opened, Request, Requests, open};
pub(crate) use rows::{define_archives, insert_all};

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::Instant;

    shop_loads (shop_id) {
        shop_id -> BigInt,
        entries -> BigInt,
        closed_at -> Nullable<Instant>,
    }
}

/// The number of entries of a load that is being discarded.
pub(crate) const DISCARDED: i64 = -1;

/// The rows of a kind that are read at once. They are in memory until they were asked for.
pub(crate) const ROWS_READ: i64 = 100;

/// The rows that a statement inserts. It may have 32,766 parameters on SQLite, and 65,535 on PostgreSQL.
pub(crate) const ROWS_INSERTED: usize = 500;

/// The tables with the entries of a shop, and the rest of their keys. A table comes after those that refer
/// to it.
pub(crate) const TABLES: &[(&str, &str)] = &[
    ("idempotency_records", "idempotency_key, operation"),
    ("webhook_attempts", "webhook_id, number"),
    ("webhook_deliveries", "webhook_id, change, part"),
    ("webhooks", "id"),
    ("events", "change, part"),
    ("saved_replies", "id"),
    ("comments", "id"),
    ("tickets", "id"),
    ("merged_customers", "id"),
    ("customers", "id"),
    ("api_keys", "number"),
    ("sessions", "token_hash"),
    ("credentials", "user_id"),
    ("users", "id"),
];

/// The words of the message that a ticket was created with.
pub(crate) fn first_words(ticket: &Ticket) -> BTreeSet<String> {
    ticket.first_message().map(|(text, _)| message_words(text)).unwrap_or_default()
}

/// Deletes some rows of a shop from one of [`TABLES`]. A parameter is a sign and its number: the shop, and
/// the maximum number of rows.
pub(crate) fn delete_some(sign: char, (table, key): (&str, &str)) -> String {
    format!(
        "DELETE FROM {table} WHERE shop_id = {sign}1 AND ({key}) IN (
            SELECT {key} FROM {table} WHERE shop_id = {sign}1 ORDER BY {key} LIMIT {sign}2
        )"
    )
}
