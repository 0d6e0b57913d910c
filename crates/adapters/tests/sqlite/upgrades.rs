//! Databases of older versions, with rows.

#[path = "../upgrades/console.rs"]
mod console;
#[path = "../upgrades/webhooks.rs"]
mod webhooks;

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use hexdesk_adapters::SqliteStorage;
use hexdesk_domain::{
    EventPosition, EventStore, EventsRemoved, PageSize, Readiness, SearchQuery, SearchStore, ShopId,
    TicketId, TicketStore,
};
use tempfile::TempDir;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// The last migration before words were folded in the way of this version.
const BEFORE: &str = "20261129000020";

/// Rows as that version wrote them. The first message of ticket 5 was replaced by a comment.
const ROWS: &str = "
    INSERT INTO shops (id, domain, created_at) VALUES (1, 'one.example', 0), (2, 'two.example', 0);
    INSERT INTO customers (shop_id, id, email, email_folded, number_of_orders, created_at) VALUES
        (1, 9, 'Ada@example.com', 'ada@example.com', 0, 0), (2, 9, 'bob@example.com', 'bob@example.com', 0, 0);
    INSERT INTO tickets
        (shop_id, id, customer_id, channel, name, date, last_message, last_message_time, is_opened, unread_count,
         tags, version)
        VALUES
        (1, 4, 9, 'Mail', 'Großes № 12', 0, '<p>返金</p>', 0, 0, 0, '[\"Łódź\"]', 1),
        (1, 5, 9, 'Mail', NULL, 0, 'Zuletzt', 0, 0, 0, '[]', 2),
        (2, 4, 9, 'Mail', 'Two', 0, NULL, 0, 0, 0, '[]', 1);
    INSERT INTO comments (shop_id, id, ticket_id, text, time, channel, is_from_shop, subject, to_emails, tags)
        VALUES (1, 1, 5, 'Zuletzt', 0, 'Mail', 1, 'Betreff', '[]', '[]');
    INSERT INTO search_documents (id, shop_id, ticket_id, customer_id, weight, words) VALUES
        (1, 1, NULL, 9, 2, '1:ada 1:com 1:example'), (2, 2, NULL, 9, 2, '2:bob 2:com 2:example'),
        (3, 1, 4, NULL, 4, '1:12 1:großes 1:no'), (4, 1, 4, NULL, 1, '1:p 1:返 1:金'),
        (5, 1, 5, NULL, 1, '1:返 1:straße'), (6, 2, 4, NULL, 4, '2:two'), (7, 1, 5, NULL, 1, '1:zuletzt');
    INSERT INTO search_index (rowid, words) SELECT id, words FROM search_documents;";

/// A database of the older version, and a connection to it.
fn old_database() -> (TempDir, PathBuf, SqliteConnection) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hexdesk.db");
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    connection.batch_execute("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON").unwrap();
    // Creates the table of migrations.
    assert!(connection.applied_migrations().unwrap().is_empty());
    let mut migrations = MigrationSource::<Sqlite>::migrations(&MIGRATIONS).unwrap();
    migrations.sort_by(|one, other| one.name().version().cmp(&other.name().version()));
    for migration in migrations.iter().filter(|it| *it.name().version().to_string() <= *BEFORE) {
        connection.run_migration(migration).unwrap();
    }
    connection.batch_execute(ROWS).unwrap();
    (directory, path, connection)
}

async fn found(path: &Path, shop: i64, query: &str) -> Vec<i64> {
    let storage = SqliteStorage::open(path).unwrap();
    let (shop, query) = (ShopId::new(shop).unwrap(), SearchQuery::parse(query).unwrap());
    let page = storage.search_tickets(shop, query, None, PageSize::of(50)).await.unwrap();
    page.entries.iter().map(|view| view.ticket.id.get()).collect()
}

#[tokio::test]
async fn texts_of_the_older_version_are_found_in_the_way_of_this_one() {
    let (_directory, path, mut connection) = old_database();
    let storage = SqliteStorage::open(&path).unwrap();
    let applied = storage.migrate().await.unwrap();
    assert!(applied.iter().any(|name| name == "2026-11-29-000061_all_words_are_made"));
    drop(storage);
    for (shop, query, expected) in [
        (1, "grosses №12 lodz", &[4][..]),
        (1, "返金", &[4]),
        (1, "返", &[5, 4]),
        (1, "p", &[]),
        (1, "no", &[]),
        (1, "zuletzt betreff", &[5]),
        // The text of the first message is lost, its words are not.
        (1, "strasse zuletzt", &[5]),
        (1, "ada@example.com", &[5, 4]),
        (2, "bob two", &[4]),
        (2, "ada", &[]),
    ] {
        assert_eq!(found(&path, shop, query).await, expected, "{query}");
    }
    connection
        .batch_execute("INSERT INTO search_index (search_index, rank) VALUES ('integrity-check', 1)")
        .unwrap();
}

#[tokio::test]
async fn an_interrupted_upgrade_of_words_goes_on_where_it_stopped() {
    let (_directory, path, mut connection) = old_database();
    SqliteStorage::open(&path).unwrap().migrate().await.unwrap();
    // As after an interruption: the documents of ticket 5 and of shop 2 are not made.
    connection
        .batch_execute(
            "CREATE TABLE search_upgrade (searched TEXT PRIMARY KEY, shop_id INTEGER, row_id INTEGER);
             CREATE TABLE old_search_documents
                 (id INTEGER PRIMARY KEY, shop_id INTEGER, ticket_id INTEGER, customer_id INTEGER, weight INTEGER,
                 words TEXT);
             DELETE FROM __diesel_schema_migrations WHERE version = '20261129000061';
             INSERT INTO search_upgrade VALUES ('tickets', 1, 4);
             DELETE FROM search_index; DELETE FROM search_documents;",
        )
        .unwrap();
    let storage = SqliteStorage::open(&path).unwrap();
    assert!(storage.check_ready().await.is_err());
    assert_eq!(storage.migrate().await.unwrap(), ["2026-11-29-000061_all_words_are_made"]);
    storage.check_ready().await.unwrap();
    for (shop, query, expected) in
        [(1, "zuletzt", &[5][..]), (2, "two", &[4]), (1, "lodz", &[]), (1, "ada", &[])]
    {
        assert_eq!(found(&path, shop, query).await, expected, "{query}");
    }
    assert_eq!(storage.migrate().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn first_messages_of_the_older_version_are_kept() {
    let (_directory, path, mut connection) = old_database();
    // Comments have replaced the first messages of tickets 10, 12 and 13. Ticket 12 had none, and the
    // snapshot of ticket 13 was removed.
    connection
        .batch_execute(
            "INSERT INTO tickets
                (shop_id, id, customer_id, channel, date, last_message, last_message_time, is_opened,
                unread_count, tags, version)
                VALUES (1, 10, 9, 'Mail', 0, 'Second', 20, 0, 0, '[]', 2),
                (1, 11, 9, 'Mail', 0, 'Alone', 10, 0, 0, '[]', 1),
                (1, 12, 9, 'Mail', 0, 'Second', 20, 0, 0, '[]', 2),
                (1, 13, 9, 'Mail', 0, 'Second', 20, 0, 0, '[]', 2),
                (1, 14, 9, 'Mail', 0, 'First', 10, 0, 0, '[]', 2);
            INSERT INTO comments (shop_id, id, ticket_id, text, time, channel, is_from_shop, to_emails, tags)
                VALUES (1, 10, 10, 'Second', 20, 'Mail', 1, '[]', '[]'),
                (1, 12, 12, 'Second', 20, 'Mail', 1, '[]', '[]'),
                (1, 13, 13, 'Second', 20, 'Mail', 1, '[]', '[]'),
                (1, 14, 14, 'Older', 5, 'Mail', 1, '[]', '[]');
            INSERT INTO events (shop_id, change, part, kind, subject_id, time, customer_id, snapshot) VALUES
                (1, 1, 1, 'ticket.created', 10, 0, 9, '{\"last_message\":\"Bonjour\",\"last_message_time\":10}'),
                (1, 2, 1, 'ticket.created', 12, 0, 9, '{\"last_message\":null,\"last_message_time\":10}'),
                (1, 3, 1, 'ticket.created', 13, 0, NULL, NULL)",
        )
        .unwrap();
    let storage = SqliteStorage::open(&path).unwrap();
    storage.migrate().await.unwrap();
    for (id, first) in [
        (10, Some(("Bonjour", 10))),
        (11, Some(("Alone", 10))),
        (12, None),
        (13, None),
        (14, Some(("First", 10))),
        // The log does not have its creation.
        (5, None),
    ] {
        let id = TicketId::new(id).unwrap();
        let ticket = storage.find_ticket(ShopId::new(1).unwrap(), id).await.unwrap().unwrap().ticket;
        let found = ticket.first_message().map(|(text, time)| (text, time.unix_millis()));
        assert_eq!(found, first, "{id}");
    }
    for (query, expected) in [("bonjour", &[10][..]), ("alone", &[11]), ("second", &[13, 12, 10])] {
        assert_eq!(found(&path, 1, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn people_of_the_older_version_are_found_by_what_this_one_compares() {
    let (_directory, path, mut connection) = old_database();
    connection
        .batch_execute(
            "INSERT INTO customers (shop_id, id, email, email_folded, phone_number, number_of_orders, created_at)
                VALUES
        (2, 20, 'A@München.example', 'a@münchen.example', '+33 6 12 34 00 08', 0, 0),
        (2, 21, 'a@xn--mnchen-3ya.example', 'a@xn--mnchen-3ya.example', '0033 (0)6-12.34/00 08', 0, 0),
        (2, 22, 'B@xn--bro-hoa.example', 'b@xn--bro-hoa.example', '06 12 34 00 08', 0, 0),
        (2, 23, NULL, NULL, '＋٣٣ 6 12 34 00 08', 0, 0), (2, 24, NULL, NULL, 'ask Ada', 0, 0),
        (2, 25, NULL, NULL, '1-800-FLOWERS', 0, 0), (2, 26, NULL, NULL, '00', 0, 0)",
        )
        .unwrap();
    SqliteStorage::open(&path).unwrap().migrate().await.unwrap();
    let folded: Vec<String> = diesel::dsl::sql::<diesel::sql_types::Text>(
        "SELECT id || '|' || coalesce(email_folded, '') || '|' || phone_number_folded FROM customers
            WHERE id >= 20 ORDER BY id",
    )
    .load(&mut connection)
    .unwrap();
    let expected = [
        // Another customer had the address in the form of this version.
        "20|a@münchen.example|+33612340008",
        "21|a@xn--mnchen-3ya.example|+33612340008",
        "22|b@xn--bro-hoa.example|0612340008",
        "23||+33612340008",
        "24||ask Ada",
        "25||1800flowers",
        "26||00",
    ];
    assert_eq!(folded, expected);
    // Tickets and documents still refer to their customers.
    let broken =
        diesel::dsl::sql::<diesel::sql_types::BigInt>("SELECT count(*) FROM pragma_foreign_key_check");
    assert_eq!(broken.get_result::<i64>(&mut connection), Ok(0));
    let shared = "UPDATE customers SET phone_number = '1', phone_number_folded = '1' WHERE id >= 20";
    connection.batch_execute(shared).unwrap();
}

#[tokio::test]
async fn the_log_of_the_older_version_begins_with_its_first_event() {
    let (_directory, path, mut connection) = old_database();
    // The log of shop 1 is whole. Those of shops 2 and 3 were cut, within a change. Nothing is left of
    // that of shop 4. That of shop 5 was always empty.
    connection
        .batch_execute(
            "INSERT INTO shops (id, domain, created_at) VALUES
                (3, 'three.example', 0), (4, 'four.example', 0), (5, 'five.example', 0);
             INSERT INTO shop_counters (shop_id, counted, last_number) VALUES
                (1, 'changes', 2), (2, 'changes', 9), (3, 'changes', 9), (4, 'changes', 9), (5, 'users', 9);
             INSERT INTO events (shop_id, change, part, kind, subject_id, time) VALUES
                (1, 1, 0, 'ticket.deleted', 1, 0), (1, 2, 0, 'ticket.deleted', 2, 0),
                (2, 7, 0, 'ticket.deleted', 1, 0), (2, 7, 1, 'ticket.deleted', 2, 0),
                (3, 7, 3, 'ticket.deleted', 1, 0), (3, 8, 0, 'ticket.deleted', 2, 0)",
        )
        .unwrap();
    let storage = SqliteStorage::open(&path).unwrap();
    storage.migrate().await.unwrap();
    let at = |change, part| EventPosition { change, part };
    for (shop, after, expected) in [
        (1, None, Ok(2)),
        (1, Some(at(1, 0)), Ok(1)),
        (2, None, Ok(2)),
        (2, Some(at(7, 0)), Ok(1)),
        (2, Some(at(6, 4)), Err(at(6, i64::MAX))),
        (3, Some(at(7, 3)), Ok(1)),
        (3, Some(at(7, 2)), Ok(2)),
        (3, Some(at(7, 1)), Err(at(7, 2))),
        (4, None, Ok(0)),
        (5, None, Ok(0)),
    ] {
        let listed = storage
            .list_events(ShopId::new(shop).unwrap(), Default::default(), after, PageSize::MAX)
            .await
            .unwrap();
        let mut stamps = listed.iter().flat_map(|page| &page.entries).map(|event| event.stamp);
        assert!(stamps.all(|stamp| stamp.request_id.is_none()));
        let listed = listed.map(|page| page.entries.len()).map_err(|EventsRemoved { oldest }| oldest);
        assert_eq!(listed, expected, "{shop}, {after:?}");
    }
    // After its last change, which the upgrade may have moved ahead.
    let shop = ShopId::new(4).unwrap();
    let end = storage.find_log_end(shop).await.unwrap();
    for (after, is_listed) in [(at(9, 0), false), (end, true)] {
        let listed = storage.list_events(shop, Default::default(), Some(after), PageSize::MAX).await.unwrap();
        assert_eq!(listed.is_ok(), is_listed, "{after:?}");
    }
}

#[tokio::test]
async fn webhooks_and_the_console_work_in_an_older_shop() {
    let (_directory, path, mut connection) = old_database();
    connection
        .batch_execute(
            "INSERT INTO events (shop_id, change, part, kind, subject_id, time) VALUES
                (1, 1, 1, 'customer.created', 9, 0), (1, 2, 1, 'ticket.created', 4, 0);
             INSERT INTO shop_counters (shop_id, counted, last_number) VALUES (1, 'changes', 2);
             INSERT INTO users (shop_id, id, email, email_folded, created_at) VALUES (1, 45, 'a@b.c', 'a@b.c', 0)",
        )
        .unwrap();
    let storage = SqliteStorage::open(&path).unwrap();
    storage.migrate().await.unwrap();
    let shop = ShopId::new(1).unwrap();
    webhooks::check(&storage, shop, 2).await;
    console::check(&storage, shop).await;
}
