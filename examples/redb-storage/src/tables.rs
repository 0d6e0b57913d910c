//! Every table, with its key and value.
//!
//! Whatever belongs to a shop has a key that begins with the shop's number, indexes
//! included. So a shop's entries lie together, and a look-up that names the shop cannot
//! come upon another's. An index is written in the transaction of what it points to.

use std::ops::Bound;

use hexdesk_domain::ShopId;
use redb::{TableDefinition, TableError, WriteTransaction};

/// The shop's number, then the thing's number within it.
pub(crate) type NumberInShop = (i64, i64);
/// The shop's number, then a text.
pub(crate) type TextInShop = (i64, &'static str);
/// The shop's number, the operation, and the caller's idempotency key.
pub(crate) type RecordKey = (i64, &'static str, &'static str);
/// The fingerprint, when the request was made, and the receipt: the customer whose data it
/// holds, and the answer.
pub(crate) type Record = (&'static [u8; 32], i64, Option<i64>, &'static [u8]);
/// The shop's number, then a ticket's last activity and its id, both turned around: see
/// `tickets/activity.rs`.
pub(crate) type Activity = (i64, i64, i64);
/// The shop's number, the ticket, the comment's time and its id.
pub(crate) type CommentKey = (i64, i64, i64, i64);
/// The shop's number, then an event's place in its log.
pub(crate) type EventKey = (i64, i64, i64);
/// When it was, what was done, the customer whose data the snapshot holds, and the snapshot.
pub(crate) type StoredEvent = (i64, Json, Option<i64>, Option<Json>);
/// JSON, to be read with [`crate::encoding::decode`]. Bytes and not redb's own kind of
/// value, because those cannot fail to decode other than by a panic.
pub(crate) type Json = &'static [u8];

type Table<K, V> = TableDefinition<'static, K, V>;

/// Facts about the file: see [`crate::format`].
pub(crate) const META: Table<&str, u64> = Table::new("meta");

pub(crate) const SHOPS: Table<i64, Json> = Table::new("shops");
/// Domain to shop.
pub(crate) const SHOP_BY_DOMAIN: Table<&str, i64> = Table::new("shop_by_domain");

pub(crate) const CUSTOMERS: Table<NumberInShop, Json> = Table::new("customers");
/// Folded e-mail address to customer.
pub(crate) const CUSTOMER_BY_EMAIL: Table<TextInShop, i64> = Table::new("customer_by_email");
pub(crate) const CUSTOMER_BY_PHONE_NUMBER: Table<TextInShop, i64> = Table::new("customer_by_phone_number");
/// Shop to the largest number of a customer that was erased there. A number does not come
/// back (CUSTOMER-16), so those of the customers that are left do not tell the next one.
pub(crate) const LARGEST_ERASED_CUSTOMER: Table<i64, i64> = Table::new("largest_erased_customer");

pub(crate) const USERS: Table<NumberInShop, Json> = Table::new("users");
/// Folded e-mail address to user.
pub(crate) const USER_BY_EMAIL: Table<TextInShop, i64> = Table::new("user_by_email");

pub(crate) const TICKETS: Table<NumberInShop, Json> = Table::new("tickets");
/// Nothing but keys, in the order of lists of tickets.
pub(crate) const TICKETS_BY_ACTIVITY: Table<Activity, ()> = Table::new("tickets_by_activity");
pub(crate) const HUMAN_TICKETS: Table<NumberInShop, Json> = Table::new("human_tickets");
/// Ticket to human ticket.
pub(crate) const HUMAN_TICKET_BY_TICKET: Table<NumberInShop, i64> = Table::new("human_ticket_by_ticket");
/// In the order of lists of comments, so that they need no index.
pub(crate) const COMMENTS: Table<CommentKey, Json> = Table::new("comments");
/// Of all operations.
pub(crate) const IDEMPOTENCY_RECORDS: Table<RecordKey, Record> = Table::new("idempotency_records");

pub(crate) const API_KEYS: Table<NumberInShop, Json> = Table::new("api_keys");

pub(crate) const EVENTS: Table<EventKey, StoredEvent> = Table::new("events");
/// Shop to the number of its last change. Places in the log do not come back when events are
/// removed, so those that are left do not tell the next one.
pub(crate) const LAST_CHANGES: Table<i64, i64> = Table::new("last_changes");

/// Node to the end of the ranges it was handed out. Belongs to no shop.
pub(crate) const ID_RANGE_ENDS: Table<u16, i64> = Table::new("id_range_ends");

/// Creates all tables, so that reading never meets one that is not there.
pub(crate) fn create_all(transaction: &WriteTransaction) -> Result<(), TableError> {
    transaction.open_table(META)?;
    transaction.open_table(SHOPS)?;
    transaction.open_table(SHOP_BY_DOMAIN)?;
    transaction.open_table(CUSTOMERS)?;
    transaction.open_table(CUSTOMER_BY_EMAIL)?;
    transaction.open_table(CUSTOMER_BY_PHONE_NUMBER)?;
    transaction.open_table(LARGEST_ERASED_CUSTOMER)?;
    transaction.open_table(USERS)?;
    transaction.open_table(USER_BY_EMAIL)?;
    transaction.open_table(TICKETS)?;
    transaction.open_table(TICKETS_BY_ACTIVITY)?;
    transaction.open_table(HUMAN_TICKETS)?;
    transaction.open_table(HUMAN_TICKET_BY_TICKET)?;
    transaction.open_table(COMMENTS)?;
    transaction.open_table(IDEMPOTENCY_RECORDS)?;
    transaction.open_table(API_KEYS)?;
    transaction.open_table(EVENTS)?;
    transaction.open_table(LAST_CHANGES)?;
    transaction.open_table(ID_RANGE_ENDS)?;
    Ok(())
}

/// The keys of everything that a shop has in a table of [`NumberInShop`].
pub(crate) fn all_of(shop: ShopId) -> std::ops::RangeInclusive<NumberInShop> {
    (shop.get(), i64::MIN)..=(shop.get(), i64::MAX)
}

/// The keys of what a shop has in such a table under larger numbers than this.
pub(crate) fn all_after(shop: ShopId, number: i64) -> (Bound<NumberInShop>, Bound<NumberInShop>) {
    (Bound::Excluded((shop.get(), number)), Bound::Included((shop.get(), i64::MAX)))
}
