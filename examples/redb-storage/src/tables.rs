//! All tables with their keys and values.
//!
//! The keys of a shop's data, including index keys, begin with the shop's number. So a shop's
//! entries are adjacent, and a lookup with a shop's number never finds another shop's data.
//! An index is written in the transaction of its entry.

use std::ops::Bound;

use hexdesk_domain::ShopId;
use redb::{Key, TableDefinition, TableError, Value, WriteTransaction};

/// The shop's number, then a number within the shop.
pub(crate) type NumberInShop = (i64, i64);
/// The shop's number, then a hash.
pub(crate) type HashInShop = (i64, &'static [u8; 32]);
/// The shop's number, then a text.
pub(crate) type TextInShop = (i64, &'static str);
/// The shop's number, then a text and a number.
pub(crate) type TextAndNumber = (i64, &'static str, i64);
/// The shop's number, the caller's idempotency key, and the operation: the order of an archive.
pub(crate) type RecordKey = (i64, &'static str, &'static str);
/// The fingerprint, the time of the request, and the receipt: the customer whose data it
/// holds, and the response.
pub(crate) type Record = (&'static [u8; 32], i64, Option<i64>, &'static [u8]);
/// The shop's number, then a ticket's last activity and its id, both in reverse order: see
/// `tickets/activity.rs`.
pub(crate) type Activity = (i64, i64, i64);
/// The shop's number, the time of a closing, and the number of the human ticket.
pub(crate) type Closing = (i64, i64, i64);
/// The shop's number, the ticket, the comment's time and its id.
pub(crate) type CommentKey = (i64, i64, i64, i64);
/// The shop's number, then an event's position in its log.
pub(crate) type EventKey = (i64, i64, i64);
/// The time, the event without its snapshot, the customer whose data the snapshot holds, and the
/// snapshot.
pub(crate) type StoredEvent = (i64, Json, Option<i64>, Option<Json>);
/// JSON, for [`crate::encoding::decode`]. It is bytes instead of a value type of redb, because
/// decoding such a type can only fail by a panic.
pub(crate) type Json = &'static [u8];

type Table<K, V> = TableDefinition<'static, K, V>;

/// The version of the file's layout: see [`crate::format`].
pub(crate) const META: Table<&str, u64> = Table::new("meta");

pub(crate) const SHOPS: Table<i64, Json> = Table::new("shops");
/// A shop that is being loaded: the number of loaded entries, and the shop as it will be. In
/// [`SHOPS`] it is closed meanwhile.
pub(crate) const LOADS: Table<i64, (u64, Json)> = Table::new("loads");
/// Domain to shop.
pub(crate) const SHOP_BY_DOMAIN: Table<&str, i64> = Table::new("shop_by_domain");

pub(crate) const CUSTOMERS: Table<NumberInShop, Json> = Table::new("customers");
/// Folded e-mail address to customer.
pub(crate) const CUSTOMER_BY_EMAIL: Table<TextInShop, i64> = Table::new("customer_by_email");
/// Folded phone number and customer: several customers can share a number.
pub(crate) const CUSTOMERS_BY_PHONE_NUMBER: Table<TextAndNumber, ()> =
    Table::new("customers_by_phone_number");
/// Merged customer to the customer into whom it was merged.
pub(crate) const MERGED_CUSTOMERS: Table<NumberInShop, i64> = Table::new("merged_customers");
/// Shop to the largest number of a customer that is not assigned again: the customer was erased
/// (CUSTOMER-16), or another store has assigned the number (ARCHIVE-9). The next number cannot be
/// derived from the remaining customers alone.
pub(crate) const USED_CUSTOMER_NUMBERS: Table<i64, i64> = Table::new("used_customer_numbers");

pub(crate) const USERS: Table<NumberInShop, Json> = Table::new("users");
/// Folded e-mail address to user.
pub(crate) const USER_BY_EMAIL: Table<TextInShop, i64> = Table::new("user_by_email");
/// As [`USED_CUSTOMER_NUMBERS`], of users.
pub(crate) const USED_USER_NUMBERS: Table<i64, i64> = Table::new("used_user_numbers");

pub(crate) const TICKETS: Table<NumberInShop, Json> = Table::new("tickets");
/// Keys only, in the order of lists of tickets.
pub(crate) const TICKETS_BY_ACTIVITY: Table<Activity, ()> = Table::new("tickets_by_activity");
pub(crate) const HUMAN_TICKETS: Table<NumberInShop, Json> = Table::new("human_tickets");
/// As [`USED_CUSTOMER_NUMBERS`], of human tickets.
pub(crate) const USED_HUMAN_TICKET_NUMBERS: Table<i64, i64> = Table::new("used_human_ticket_numbers");
/// Ticket to human ticket.
pub(crate) const HUMAN_TICKET_BY_TICKET: Table<NumberInShop, i64> = Table::new("human_ticket_by_ticket");
/// Closed human tickets only.
pub(crate) const HUMAN_TICKETS_BY_CLOSING: Table<Closing, ()> = Table::new("human_tickets_by_closing");
/// Keys are in the order of lists of comments, so that lists need no index.
pub(crate) const COMMENTS: Table<CommentKey, Json> = Table::new("comments");
/// Comment to its ticket and its time: the ids of all comments of a shop, with the rest of their keys.
pub(crate) const COMMENT_IDS: Table<NumberInShop, (i64, i64)> = Table::new("comment_ids");
/// The records of all operations.
pub(crate) const IDEMPOTENCY_RECORDS: Table<RecordKey, Record> = Table::new("idempotency_records");

pub(crate) const API_KEYS: Table<NumberInShop, Json> = Table::new("api_keys");

pub(crate) const WEBHOOKS: Table<NumberInShop, Json> = Table::new("webhooks");

/// Webhook to its queue.
pub(crate) const DELIVERIES: Table<NumberInShop, Json> = Table::new("deliveries");
/// The shop's number, the webhook, and the number of the attempt.
pub(crate) const ATTEMPTS: Table<(i64, i64, i64), Json> = Table::new("attempts");

pub(crate) const CREDENTIALS: Table<NumberInShop, Json> = Table::new("credentials");
/// The shop's number and the hash of a link's token, to the user.
pub(crate) const USER_BY_LINK: Table<HashInShop, i64> = Table::new("user_by_link");
/// The shop's number and the hash of a session's token.
pub(crate) const SESSIONS: Table<HashInShop, Json> = Table::new("sessions");
/// The shop's number, the user, and the hash of a session's token.
pub(crate) const SESSIONS_BY_USER: Table<(i64, i64, &[u8; 32]), ()> = Table::new("sessions_by_user");
pub(crate) const SAVED_REPLIES: Table<NumberInShop, Json> = Table::new("saved_replies");

pub(crate) const EVENTS: Table<EventKey, StoredEvent> = Table::new("events");
/// Shop to the number of its last change. A position in the log is not used again after its event
/// is removed, so the next position cannot be derived from the remaining events alone.
pub(crate) const LAST_CHANGES: Table<i64, i64> = Table::new("last_changes");

/// Shop to the position of the last event that retention removed.
pub(crate) const LOG_BEGINNINGS: Table<i64, (i64, i64)> = Table::new("log_beginnings");

/// Node to the end of its last reserved range. Belongs to no shop.
pub(crate) const ID_RANGE_ENDS: Table<u16, i64> = Table::new("id_range_ends");

/// Does something with each table whose keys begin with a shop's number.
macro_rules! each_table_of_shops {
    (|$table:ident| $body:expr) => {
        $crate::tables::each_table_of_shops! { |$table| $body,
            API_KEYS ATTEMPTS COMMENT_IDS COMMENTS CREDENTIALS CUSTOMER_BY_EMAIL CUSTOMERS
            CUSTOMERS_BY_PHONE_NUMBER DELIVERIES EVENTS HUMAN_TICKET_BY_TICKET HUMAN_TICKETS
            HUMAN_TICKETS_BY_CLOSING IDEMPOTENCY_RECORDS LAST_CHANGES LOADS LOG_BEGINNINGS MERGED_CUSTOMERS
            SAVED_REPLIES SESSIONS SESSIONS_BY_USER SHOPS TICKETS TICKETS_BY_ACTIVITY USED_CUSTOMER_NUMBERS
            USED_HUMAN_TICKET_NUMBERS USED_USER_NUMBERS USER_BY_EMAIL USER_BY_LINK USERS WEBHOOKS
        }
    };
    (|$table:ident| $body:expr, $($name:ident)*) => {$(
        let $table = $crate::tables::$name;
        $body;
    )*};
}
pub(crate) use each_table_of_shops;

/// Creates all tables. A read of a missing table would fail.
pub(crate) fn create_all(transaction: &WriteTransaction) -> Result<(), TableError> {
    each_table_of_shops!(|table| transaction.open_table(table)?);
    transaction.open_table(META)?;
    transaction.open_table(SHOP_BY_DOMAIN)?;
    transaction.open_table(ID_RANGE_ENDS)?;
    Ok(())
}

/// Removes the shop's rows from all tables except [`SHOP_BY_DOMAIN`].
pub(crate) fn remove_all_of(transaction: &WriteTransaction, shop: ShopId) -> anyhow::Result<()> {
    fn remove<K: KeyInShop, V: Value + 'static>(
        transaction: &WriteTransaction,
        table: Table<K, V>,
        shop: ShopId,
    ) -> anyhow::Result<()> {
        Ok(transaction.open_table(table)?.retain_in(rows_of::<K>(shop), |_, _| false)?)
    }
    each_table_of_shops!(|table| remove(transaction, table, shop)?);
    Ok(())
}

/// A key that begins with a shop's number.
pub(crate) trait KeyInShop: Key + Send + 'static {
    /// The smallest key of the shop with this number.
    fn smallest(shop: i64) -> Self::SelfType<'static>;
}

macro_rules! keys_in_shop {
    ($($key:ty: |$shop:ident| $smallest:expr;)*) => {$(
        impl KeyInShop for $key {
            fn smallest($shop: i64) -> Self::SelfType<'static> {
                $smallest
            }
        }
    )*};
}

keys_in_shop! {
    i64: |shop| shop;
    NumberInShop: |shop| (shop, i64::MIN);
    HashInShop: |shop| (shop, &[0; 32]);
    TextInShop: |shop| (shop, "");
    TextAndNumber: |shop| (shop, "", i64::MIN);
    RecordKey: |shop| (shop, "", "");
    (i64, i64, i64): |shop| (shop, i64::MIN, i64::MIN);
    (i64, i64, &'static [u8; 32]): |shop| (shop, i64::MIN, &[0; 32]);
    CommentKey: |shop| (shop, i64::MIN, i64::MIN, i64::MIN);
}

/// Returns the range of all keys of a shop in any table.
pub(crate) fn rows_of<K: KeyInShop>(shop: ShopId) -> std::ops::Range<K::SelfType<'static>> {
    K::smallest(shop.get())..K::smallest(shop.get() + 1)
}

/// Returns the range of all keys of a shop in a table of [`NumberInShop`].
pub(crate) fn all_of(shop: ShopId) -> std::ops::RangeInclusive<NumberInShop> {
    (shop.get(), i64::MIN)..=(shop.get(), i64::MAX)
}

/// Returns the range of a shop's keys with larger numbers than this.
pub(crate) fn all_after(shop: ShopId, number: i64) -> (Bound<NumberInShop>, Bound<NumberInShop>) {
    (Bound::Excluded((shop.get(), number)), Bound::Included((shop.get(), i64::MAX)))
}
