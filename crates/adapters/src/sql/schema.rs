//! All tables, as the migrations of both databases create them.

pub use super::api_keys::api_keys;
pub use super::archive::shop_loads;
pub use super::comments::comments;
pub use super::console::{credentials, sessions};
pub use super::customers::customers;
pub use super::deliveries::{webhook_attempts, webhook_deliveries};
pub use super::events::events;
pub use super::id_ranges::id_ranges;
pub use super::idempotency::idempotency_records;
pub use super::saved_replies::saved_replies;
pub use super::shops::shops;
pub use super::tickets::tickets;
pub use super::users::users;
pub use super::webhooks::webhooks;

diesel::table! {
    // SQLite only: PostgreSQL's table has a column for each counter.
    shop_counters (shop_id, counted) {
        shop_id -> BigInt,
        counted -> Text,
        last_number -> BigInt,
    }
}

diesel::table! {
    merged_customers (shop_id, id) {
        shop_id -> BigInt,
        id -> BigInt,
        into_id -> BigInt,
    }
}

diesel::table! {
    // The last removed event of each log from which retention removed events.
    log_beginnings (shop_id) {
        shop_id -> BigInt,
        change -> BigInt,
        part -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::types::{Instant, RequestUuid};

    // SQLite only: PostgreSQL erases a customer in one transaction.
    erasures (shop_id, customer_id) {
        shop_id -> BigInt,
        customer_id -> BigInt,
        actor_key -> Nullable<BigInt>,
        actor_user -> Nullable<BigInt>,
        time -> Instant,
        steps -> BigInt,
        tickets -> BigInt,
        human_tickets -> BigInt,
        comments -> BigInt,
        idempotency_records -> BigInt,
        records_read_until -> BigInt,
        request_id -> Nullable<RequestUuid>,
    }
}

diesel::table! {
    // SQLite only, like the index made from it: PostgreSQL has types for searches.
    search_documents (id) {
        id -> BigInt,
        shop_id -> BigInt,
        ticket_id -> Nullable<BigInt>,
        customer_id -> Nullable<BigInt>,
        weight -> Integer,
        words -> Text,
        comment_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    // A virtual table of SQLite's FTS5.
    search_index (rowid) {
        rowid -> BigInt,
        words -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    shops,
    customers,
    users,
    api_keys,
    tickets,
    comments,
    idempotency_records,
    search_documents,
    erasures,
    merged_customers,
    webhooks,
    webhook_deliveries,
    webhook_attempts,
    events,
    credentials,
    sessions,
    saved_replies,
    shop_loads,
);
