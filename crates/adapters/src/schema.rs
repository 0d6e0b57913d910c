//! The tables, as the migrations of both databases leave them.

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Instant;

    shops (id) {
        id -> BigInt,
        domain -> Text,
        created_at -> Instant,
        closed_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Instant;

    customers (shop_id, id) {
        shop_id -> BigInt,
        id -> BigInt,
        email -> Nullable<Text>,
        email_folded -> Nullable<Text>,
        phone_number -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        full_name -> Nullable<Text>,
        shopify_id -> Nullable<Text>,
        wordpress_id -> Nullable<Text>,
        prestashop_id -> Nullable<Text>,
        fb_user_id -> Nullable<Text>,
        ig_user_id -> Nullable<Text>,
        ig_pseudo -> Nullable<Text>,
        whatsapp_id -> Nullable<Text>,
        zendesk_id -> Nullable<Text>,
        freshdesk_id -> Nullable<Text>,
        gmelius_id -> Nullable<Text>,
        gorgias_id -> Nullable<Text>,
        number_of_orders -> Integer,
        cms -> Nullable<Text>,
        cms_created_at -> Nullable<Instant>,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Instant;

    users (shop_id, id) {
        shop_id -> BigInt,
        id -> BigInt,
        email -> Text,
        email_folded -> Text,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        full_name -> Nullable<Text>,
        created_at -> Instant,
        deactivated_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Instant;

    api_keys (shop_id, number) {
        shop_id -> BigInt,
        number -> BigInt,
        secret_hash -> Binary,
        scopes -> Text,
        user_id -> Nullable<BigInt>,
        created_at -> Instant,
        expires_at -> Nullable<Instant>,
        revoked_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Instant, TextList};

    tickets (shop_id, id) {
        shop_id -> BigInt,
        id -> BigInt,
        customer_id -> BigInt,
        channel -> Text,
        name -> Nullable<Text>,
        thread_id -> Nullable<Text>,
        email_used -> Nullable<Text>,
        date -> Instant,
        last_message -> Nullable<Text>,
        last_message_time -> Instant,
        contact_reason -> Nullable<Text>,
        assigned_to -> Nullable<BigInt>,
        is_opened -> Bool,
        unread_count -> Integer,
        tags -> TextList,
        language_code -> Nullable<Text>,
        via -> Nullable<Text>,
        version -> BigInt,
        human_ticket_id -> Nullable<BigInt>,
        human_ticket_opened_at -> Nullable<Instant>,
        human_ticket_closed_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::{Instant, TextList};

    comments (shop_id, id) {
        shop_id -> BigInt,
        id -> BigInt,
        ticket_id -> BigInt,
        text -> Text,
        time -> Instant,
        channel -> Text,
        is_from_shop -> Bool,
        author_id -> Nullable<BigInt>,
        subject -> Nullable<Text>,
        from_email -> Nullable<Text>,
        to_emails -> TextList,
        attachments -> Nullable<Text>,
        tags -> TextList,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Instant;

    idempotency_records (shop_id, idempotency_key, operation) {
        shop_id -> BigInt,
        operation -> Text,
        idempotency_key -> Text,
        fingerprint -> Binary,
        receipt -> Binary,
        customer_id -> Nullable<BigInt>,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Instant;

    events (shop_id, change, part) {
        shop_id -> BigInt,
        change -> BigInt,
        part -> BigInt,
        kind -> Text,
        subject_id -> BigInt,
        actor_key -> Nullable<BigInt>,
        actor_user -> Nullable<BigInt>,
        time -> Instant,
        customer_id -> Nullable<BigInt>,
        snapshot -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::Instant;

    id_ranges (node) {
        node -> Integer,
        reserved_until -> Instant,
    }
}

diesel::table! {
    // SQLite only: PostgreSQL numbers with sequences.
    shop_counters (shop_id, counted) {
        shop_id -> BigInt,
        counted -> Text,
        last_number -> BigInt,
    }
}

diesel::table! {
    // SQLite only, like the index made from it: PostgreSQL has types for that.
    search_documents (id) {
        id -> BigInt,
        shop_id -> BigInt,
        ticket_id -> Nullable<BigInt>,
        customer_id -> Nullable<BigInt>,
        weight -> Integer,
        words -> Text,
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
);
