//! Shared parts of the two databases: tables, rows, and the columns that an update changes.
//!
//! A stored row that the domain does not allow is an error, and is never repaired silently.

#![allow(missing_docs, reason = "the tables are public for the tests that compare them with the database")]

pub(crate) mod api_keys;
pub(crate) mod archive;
pub(crate) mod comments;
pub(crate) mod console;
pub(crate) mod customers;
pub(crate) mod deliveries;
pub(crate) mod diagnosis;
pub(crate) mod events;
pub(crate) mod figures;
pub(crate) mod folded;
pub(crate) mod id_ranges;
pub(crate) mod idempotency;
pub(crate) mod migrations;
pub(crate) mod page;
pub(crate) mod queries;
pub(crate) mod saved_replies;
pub mod schema;
pub(crate) mod search_upgrade;
pub(crate) mod shops;
pub(crate) mod statement_log;
pub(crate) mod tickets;
pub(crate) mod types;
pub(crate) mod users;
pub(crate) mod webhooks;

use hexdesk_domain::{CustomerId, ShopId, UserId};

/// A stored value that the domain does not allow.
#[derive(Debug, thiserror::Error)]
#[error("the database contains an invalid {0}, which Hexdesk never writes")]
pub(crate) struct CorruptRow(pub(crate) &'static str);

pub(crate) fn shop_id(number: i64) -> Result<ShopId, CorruptRow> {
    ShopId::new(number).ok_or(CorruptRow("shop number"))
}

pub(crate) fn customer_id(number: i64) -> Result<CustomerId, CorruptRow> {
    CustomerId::new(number).ok_or(CorruptRow("customer number"))
}

pub(crate) fn user_id(number: Option<i64>) -> Result<Option<UserId>, CorruptRow> {
    number.map(|number| UserId::new(number).ok_or(CorruptRow("user number"))).transpose()
}
